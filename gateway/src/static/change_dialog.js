// A change of models: it is explained and asked for in a dialog, and made once. A missing key is told there: the form for
// it would be behind.
import {ask, get, newKey} from './api.js';
import {byId} from './dom.js';
import {counted, setText} from './format.js';
import {doneInWords} from './rollout.js';

const dialog = byId('change'), go = byId('change-do'), stop = byId('change-cancel');
const path = (id, end = '') => `/models/${encodeURIComponent(id)}${end}`;
let current = null, onDone = () => {};

const CHANGES = {
  promote: {
    title: (id) => `Promote ${id}?`, button: 'Promote', text: (id) => `${id} answers from then on. No row waits for the change, and none is lost.`,
    request: ({id, isForced}) => [path(id, '/promote'), {method: 'POST', body: JSON.stringify({force: isForced}), headers: {'Content-Type': 'application/json'}}],
  },
  shadow: {
    title: (id) => `Run ${id} as shadow?`, button: 'Run as shadow',
    text: (id) => `${id} predicts the same rows as the live model, and is scored on the same labels; its predictions reach no client. It replaces the shadow model, if there is one.`,
    request: ({id}) => [path(id, '/shadow'), {method: 'POST'}],
  },
  unshadow: {
    title: (id) => `Stop the shadow ${id}?`, button: 'Stop it', text: (id) => `${id} predicts nothing from then on. It stays in the store, and its rows in the log.`,
    request: () => ['/shadow', {method: 'DELETE'}],
  },
  rollback: {
    title: () => 'Roll back the last promotion?', button: 'Roll back', text: (id) => `The model that the last promotion replaced answers again, instead of ${id}.`,
    request: () => ['/rollback', {method: 'POST'}],
  },
  delete: {
    title: (id) => `Delete ${id}?`, button: 'Delete', text: (id) => `${id} and its files are removed from the model store, for good.`,
    request: ({id}) => [path(id), {method: 'DELETE'}],
  },
};

function showProblem(text) {
  byId('change-problem').hidden = !text;
  setText(byId('change-problem'), text);
}

function showCheck(text) {
  byId('change-check').hidden = !text;
  setText(byId('change-check'), text);
}

function setBusy(isBusy) {
  go.disabled = stop.disabled = isBusy;
  dialog.setAttribute('aria-busy', String(isBusy));
}

// What the gateway says of a promotion before it is asked for.
async function check(change) {
  go.disabled = true;
  showCheck('Checking whether the gateway would refuse it…');
  try {
    const {refusal, can_force: canForce} = await get(path(change.id, '/promote'), {quiet: true});
    if (change !== current) return;
    showCheck(refusal === null ? 'The gateway has checked it: it loads, takes the right columns, and is good enough on the hold-out.' : '');
    if (refusal !== null) showRefusal(change, refusal, canForce);
    go.disabled = false;
  } catch (error) {
    if (change !== current) return;
    showCheck('');
    showProblem(error.message);
    go.disabled = false;
  }
}

function showRefusal(change, refusal, canForce) {
  showProblem(`The gateway would refuse it: ${refusal}.`);
  byId('change-force').hidden = !canForce;
  go.hidden = !canForce;
  change.isForced = true;
  setText(go, 'Promote anyway');
  go.classList.remove('primary');
  stop.focus();
}

export function openChange(action, id) {
  const {title, button, text} = CHANGES[action];
  current = {action, id, isForced: false, key: newKey()};
  setText(byId('change-title'), title(id));
  setText(byId('change-words'), text(id));
  setText(go, button);
  go.classList.toggle('primary', action !== 'delete');
  go.hidden = false;
  byId('change-force').hidden = true;
  showProblem('');
  showCheck('');
  setBusy(false);
  dialog.showModal();
  stop.focus();
  if (action === 'promote') check(current);
}

function followersInWords(replicas, number) {
  if (!replicas.length) return 'No process of model has reported yet.';
  const following = replicas.filter(({change, problem}) => change >= number && !problem);
  return `${following.length} of ${counted(replicas.length, 'process', 'processes')} ${following.length === 1 ? 'follows' : 'follow'}.`;
}

async function made({id}, response) {
  if (response.status === 204) return `${id} is deleted.`;
  const {change, replicas} = await response.json();
  return `Change ${change.number}: ${doneInWords(change)}. ${followersInWords(replicas, change.number)}`;
}

async function finish(words) {
  dialog.close();
  byId('done').hidden = false;
  setText(byId('done'), words);
  await onDone();
  if (!dialog.open) byId('done').focus();
}

function fail(change, error) {
  if (!dialog.open) dialog.showModal(); // a second Escape closes any dialog
  showProblem(error.message);
  const isRefused = error.status === 409 && change.action === 'promote' && !change.isForced;
  if (isRefused) check(change); // something has changed since
}

// Sent again after an error, it has the same key: if only the answer was lost, the change is made once.
async function send() {
  const change = current;
  showProblem('');
  setBusy(true);
  try {
    const [where, {headers, ...options}] = CHANGES[change.action].request(change);
    const response = await ask(where, {...options, quiet: true, headers: {...headers, 'Idempotency-Key': change.key}});
    const words = await made(change, response);
    setBusy(false);
    await finish(words);
  } catch (error) {
    current = change;
    setBusy(false);
    fail(change, error);
  }
}

export function startChanges(whenDone) {
  onDone = whenDone;
  go.addEventListener('click', send);
  stop.addEventListener('click', () => dialog.close());
  dialog.addEventListener('cancel', (event) => stop.disabled && event.preventDefault());
  dialog.addEventListener('close', () => { current = null; });
}
