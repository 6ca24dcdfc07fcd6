// The jobs that this browser has sent recently, kept in its local storage.
import {get, jobPath} from './api.js';
import {date, points, time} from './format.js';
import {idText} from './table.js';

const STORE = 'recent-jobs';
const MAX_JOBS = 20;
const WORDS = {pending: 'written', processing: 'with the model', completed: 'answered', failed: 'failed', expired: 'expired', unknown: 'unknown'};
const table = document.getElementById('recent');
const body = document.getElementById('recent-rows');
const clear = document.getElementById('clear');
let onChosen, current = null;

function load() {
  try {
    const found = JSON.parse(localStorage.getItem(STORE));
    return Array.isArray(found) ? found.filter((each) => typeof each?.job_id === 'string') : [];
  } catch {
    return [];
  }
}

function save(jobs) {
  localStorage.setItem(STORE, JSON.stringify(jobs.slice(0, MAX_JOBS)));
  render();
}

function cell(className, content) {
  const td = document.createElement('td');
  td.className = className;
  td.append(content);
  return td;
}

function chooser(job) {
  const at = Date.parse(job.created_at);
  const button = document.createElement('button');
  button.type = 'button';
  button.dataset.id = job.job_id;
  button.textContent = date(at) === date(Date.now()) ? time(at) : `${date(at)}, ${time(at)}`;
  button.title = `Show job ${job.job_id}`;
  button.addEventListener('click', () => onChosen(job));
  return button;
}

function rowOf(job) {
  const tr = document.createElement('tr');
  tr.append(
    cell('id', chooser(job)),
    cell('state', WORDS[job.status] ?? String(job.status)),
    cell('', points(job.prediction)),
    cell('', points(job.label)),
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
  document.getElementById('recent-words').textContent = jobs.length ? 'Choose one to see it again.' : 'None yet.';
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
    document.getElementById('random').focus();
  });
  render();
  return refresh();
}
