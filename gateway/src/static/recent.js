// The jobs that this browser has sent recently, kept in its local storage.
import {get, jobPath} from './api.js';
import {byId, make} from './dom.js';
import {date, points, time} from './format.js';
import {isDefault, isOfClasses, schema} from './schema.js';
import {idText} from './table.js';

const MAX_JOBS = 20;
const WORDS = {pending: 'written', processing: 'with the model', completed: 'answered', failed: 'failed', expired: 'expired', unknown: 'unknown'};
const table = byId('recent'), body = byId('recent-rows'), clear = byId('clear');
let onChosen, current = null;

// A list for each data set: with another one the gateway has the same address.
const store = () => (isDefault ? 'recent-jobs' : `recent-jobs:${schema.name}`);

function load() {
  try {
    const found = JSON.parse(localStorage.getItem(store()));
    return Array.isArray(found) ? found.filter((each) => typeof each?.job_id === 'string') : [];
  } catch {
    return [];
  }
}

function save(jobs) {
  localStorage.setItem(store(), JSON.stringify(jobs.slice(0, MAX_JOBS)));
  render();
}

const cell = (className, content) => make('td', className, content);

// A number, or a class, which is cut where there is no room.
function valueCell(value, isWrong = false) {
  if (!isOfClasses) return cell('', points(value));
  const td = cell(isWrong ? 'class wrong' : 'class', value ?? '–');
  td.title = value ?? '';
  return td;
}

function chooser(job) {
  const at = Date.parse(job.created_at);
  const button = make('button', '', date(at) === date(Date.now()) ? time(at) : `${date(at)}, ${time(at)}`);
  button.type = 'button';
  button.dataset.id = job.job_id;
  button.title = `Show job ${job.job_id}`;
  button.addEventListener('click', () => onChosen(job));
  return button;
}

function rowOf(job) {
  const isWrong = isOfClasses && job.label != null && job.prediction != null && job.label !== job.prediction;
  const tr = make(
    'tr', '',
    cell('id', chooser(job)),
    cell('state', WORDS[job.status] ?? String(job.status)),
    valueCell(job.prediction, isWrong),
    valueCell(job.label),
    cell('', points(job.absolute_error)),
    cell('job-id', idText(job.job_id)),
  );
  if (job.job_id === current) tr.setAttribute('aria-current', 'true');
  return tr;
}

function render() {
  const jobs = load();
  const focused = document.activeElement?.dataset?.id;
  body.replaceChildren(...jobs.map(rowOf));
  if (focused) [...body.querySelectorAll('button')].find((button) => button.dataset.id === focused)?.focus();
  table.hidden = clear.hidden = !jobs.length;
  byId('recent-words').textContent = jobs.length ? 'Choose one to see it again.' : 'None yet.';
}

// Adds what is new to the fields already kept; `known` is the label in the data set.
export function remember(job) {
  const jobs = load();
  const i = jobs.findIndex((each) => each.job_id === job.job_id);
  if (i < 0) save([job, ...jobs]);
  else save(jobs.with(i, {...jobs[i], ...job}));
}

export const recall = (id) => load().find((job) => job.job_id === id);

export function setCurrent(id) {
  current = id;
  render();
}

// Without asking for a key: nobody has sent anything yet.
async function refresh() {
  for (const {job_id: id, status} of load()) {
    if (status === 'expired' || status === 'unknown') continue;
    try {
      remember(await get(jobPath(id), {quiet: true}));
    } catch (error) {
      if (!markGone(id, error)) return;
    }
  }
}

// Returns true if the error says that the job no longer exists.
export function markGone(id, {status}) {
  const gone = {404: 'unknown', 410: 'expired'}[status];
  if (gone) remember({job_id: id, status: gone});
  return Boolean(gone);
}

export function startRecent(choose) {
  onChosen = choose;
  clear.addEventListener('click', () => {
    save([]);
    byId('random').focus();
  });
  render();
  return refresh();
}
