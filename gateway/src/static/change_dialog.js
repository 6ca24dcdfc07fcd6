// A change of models: it is explained and asked for in a dialog, and made once.
import {ask, get, newKey} from './api.js';
import {byId} from './dom.js';
import {setText} from './format.js';
import {doneInWords} from './rollout.js';

const dialog = byId('change'), go = byId('change-do'), stop = byId('change-cancel');
const path = (id, end = '') => `/models/${encodeURIComponent(id)}${end}`;
let current = null, onDone = () => {};

const CHANGES = {
  promote: {
    title: 'Promote', button: 'Promote', text: (id) => `${id} answers from then on. No row waits for the change, and none is lost.`,
    request: ({id, isForced}) => [path(id, '/promote'), {method: 'POST', body: JSON.stringify({force: isForced}), headers: {'Content-Type': 'application/json'}}],
  },
  shadow: {
    title: 'Run as shadow', button: 'Run as shadow',
    text: (id) => `${id} predicts the same rows as the live model, and is scored on the same labels; its predictions reach no client. It replaces the shadow model, if there is one.`,
    request: ({id}) => [path(id, '/shadow'), {method: 'POST'}],
  },
  unshadow: {
    title: 'Stop the shadow', button: 'Stop it', text: (id) => `${id} predicts nothing from then on. It stays in the store, and its rows in the log.`,
    request: () => ['/shadow', {method: 'DELETE'}],
  },
  rollback: {
    title: 'Roll back', button: 'Roll back', text: (id) => `The model that the last promotion replaced answers again, instead of ${id}.`,
    request: () => ['/rollback', {method: 'POST'}],
  },
  delete: {
    title: 'Delete', button: 'Delete', text: (id) => `${id} and its files are removed from the model store, for good.`,
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
    const {refusal, can_force: canForce} = await get(path(change.id, '/promote'));
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
  showProblem(`The gateway would refuse it: ${refusal}`);
  byId('change-force').hidden = !canForce;
  go.hidden = !canForce;
  change.isForced = true;
  setText(go, 'Promote anyway');
  stop.focus();
}

export function openChange(action, id) {
  const {title, button, text} = CHANGES[action];
  current = {action, id, isForced: false, key: newKey()};
  setText(byId('change-title'), `${title}: ${id}?`);
  setText(byId('change-words'), text(id));
  setText(go, button);
  go.hidden = false;
  byId('change-force').hidden = true;
  showProblem('');
  showCheck('');
  setBusy(false);
  dialog.showModal();
  stop.focus();
  if (action === 'promote') check(current);
}

async function made(response) {
  if (response.status === 204) return `${current.id} is deleted.`;
  const {change, replicas} = await response.json();
  const number = replicas.filter((replica) => replica.change >= change.number && !replica.problem).length;
  return `Change ${change.number}: ${doneInWords(change)}. ${number} of ${replicas.length} processes follow.`;
}

// Sent again after an error, it has the same key: if only the answer was lost, the change is made once.
async function send() {
  showProblem('');
  setBusy(true);
  try {
    const [where, {headers, ...options}] = CHANGES[current.action].request(current);
    const words = await made(await ask(where, {...options, headers: {...headers, 'Idempotency-Key': current.key}}));
    dialog.close();
    byId('outcome').hidden = false;
    setText(byId('outcome'), words);
    await onDone();
    if (!dialog.open) byId('outcome').focus();
  } catch (error) {
    showProblem(error.message);
  }
  setBusy(false);
}

export function startChanges(whenDone) {
  onDone = whenDone;
  go.addEventListener('click', send);
  stop.addEventListener('click', () => dialog.close());
  dialog.addEventListener('cancel', (event) => stop.disabled && event.preventDefault());
  dialog.addEventListener('close', () => { current = current && {...current}; });
}
