// One job: its states, its prediction, and the true value that comes later.
import {showAnswer} from './answer.js';
import {get, jobPath, post} from './api.js';
import {byId, make} from './dom.js';
import {follow, hasEnded} from './follow.js';
import {count, duration, setText, timeToTheMillisecond} from './format.js';
import {clearLabel, showLabel, startLabel} from './label.js';
import {mark, placeInWords, refreshPredictions} from './predictions.js';
import {markGone, recall, remember, setCurrent} from './recent.js';
import {isMeasured} from './schema.js';

const panel = byId('job'), steps = byId('job-steps'), again = byId('again');
let current = null, following = new AbortController(), retry = null;

const STATES = {
  none: 'Nothing sent yet.',
  sending: 'Sending…',
  pending: 'Written; the broker has not confirmed it yet.',
  processing: 'With the model; waiting for its answer.',
  failed: 'There is no prediction.',
  expired: 'The job has expired; this is what the browser remembers of it.',
  unknown: 'The gateway does not know this job; this is what the browser remembers of it.',
};

function since(ms) {
  return ms < 10000 ? `+${count(ms)} ms` : `+${duration(ms)}`;
}

function step(name, at, start, className = '') {
  if (at == null) return make('li', 'waiting', make('span', '', name));
  const passed = at === start ? timeToTheMillisecond(Date.parse(at)) : since(Date.parse(at) - Date.parse(start));
  return make('li', className, make('strong', '', name), make('span', 'since', passed));
}

function stepsOf({status, created_at: start, confirmed_at: confirmed, completed_at: completed}) {
  const last = status === 'failed' ? step('failed', completed, start, 'failed') : step('answered', completed, start);
  return [step('written', start, start), step('with the model', confirmed, start), last];
}

function showProblem(text, onRetry = null) {
  byId('job-problem').hidden = !text;
  setText(byId('job-problem'), text);
  retry = onRetry;
  again.hidden = !onRetry;
}

function wordsOf(job) {
  if (job.status !== 'completed') return STATES[job.status] ?? `The job is ${job.status}.`;
  return placeInWords(job.prediction) || 'Answered.';
}

function showNames({job_id: id, model_id: model}) {
  const line = byId('job-names');
  line.replaceChildren(...(id ? ['job ', make('code', '', id)] : []), ...(model ? [' by model ', make('code', '', model)] : []));
}

function showWarnings({warnings = []}) {
  byId('job-warnings').hidden = !warnings.length;
  byId('job-warnings').replaceChildren(...warnings.map((text) => make('li', '', text)));
}

function show(job) {
  current = job;
  panel.dataset.status = job.status;
  showAnswer(job);
  setText(byId('job-words'), wordsOf(job));
  steps.replaceChildren(...stepsOf(job));
  showNames(job);
  showWarnings(job);
  showLabel(job);
  showProblem(job.status === 'failed' ? `The model could not answer: ${job.reason ?? 'no reason was given'}` : '');
  mark(job.prediction, job.label);
}

function take(job) {
  remember(job);
  show(recall(job.job_id) ?? job);
}

function begin() {
  following.abort();
  following = new AbortController();
  clearLabel();
  return following.signal;
}

async function followToEnd(job, signal) {
  const lost = () => showProblem('Lost the connection to the gateway; trying again.');
  await follow(job.job_id, signal, take, lost);
  if (signal.aborted) return;
  await refreshPredictions();
  if (!signal.aborted) show(current);
}

// Sends the row. A retry has the same idempotency key: if only the answer was lost, it is the same job.
export async function send(values, known, key, onInvalid) {
  const signal = begin();
  show({status: 'sending'});
  setCurrent(null);
  panel.scrollIntoView({block: 'nearest'});
  try {
    const job = await post('/predict', {data: values, ...(isMeasured() && {units: 'raw'})}, {'Idempotency-Key': key});
    if (signal.aborted) return;
    take(known == null ? job : {...job, known});
    setCurrent(job.job_id);
    await followToEnd(job, signal);
  } catch (error) {
    if (signal.aborted) return;
    if (current.status === 'sending') show({status: 'none'});
    if (error.status === 422) onInvalid(error);
    else showProblem(error.message, error.status === 409 ? null : () => send(values, known, key, onInvalid));
  }
}

export async function showAgain(remembered) {
  const signal = begin();
  show(remembered);
  setCurrent(remembered.job_id);
  panel.scrollIntoView({block: 'nearest'});
  panel.focus({preventScroll: true});
  if (remembered.status === 'expired' || remembered.status === 'unknown') return;
  try {
    const job = await get(jobPath(remembered.job_id), {signal});
    take(job);
    if (!hasEnded(job)) await followToEnd(job, signal);
  } catch (error) {
    if (signal.aborted) return;
    if (markGone(remembered.job_id, error)) show(recall(remembered.job_id));
    else showProblem(error.message, () => showAgain(remembered));
  }
}

export function startJob(livePage) {
  startLabel(livePage, show);
  again.addEventListener('click', () => retry?.());
  show({status: 'none'});
}
