// The trainings that this browser has begun: each is followed to its end, also after a reload of the page.
import {get, jobPath, post} from './api.js';
import {byId, make} from './dom.js';
import {follow, hasEnded} from './follow.js';
import {setText, tenths} from './format.js';
import {algorithmName, outcomeInWords, paramsInWords} from './model_words.js';
import {isDefault, schema} from './schema.js';

const MAX_KEPT = 5;
const box = byId('trainings');
let onTrained = () => {};

const store = () => (isDefault ? 'trainings' : `trainings:${schema.name}`);

function load() {
  try {
    const found = JSON.parse(localStorage.getItem(store()));
    return Array.isArray(found) ? found.filter((id) => typeof id === 'string') : [];
  } catch {
    return [];
  }
}

function save(ids) {
  localStorage.setItem(store(), JSON.stringify(ids.slice(0, MAX_KEPT)));
  byId('trainings-words').hidden = box.childElementCount > 0;
}

function wordsOf(job) {
  const {status, stage, reason} = job;
  const say = {
    pending: 'It waits for the trainer.',
    processing: `The trainer is at: ${stage ?? 'the beginning'}.${reason ? ` It tries again after: ${reason}` : ''}`,
    completed: outcomeInWords(job),
    failed: 'There is no model.',
    cancelled: 'Cancelled: there is no model.',
  };
  return say[status] ?? `The training is ${status}.`;
}

function stageItem(name, i, {status, stage, stages}) {
  const at = stages.indexOf(stage);
  const isDone = status === 'completed' || i < at, isNow = i === at && status === 'processing';
  const item = make('li', isDone ? 'done' : isNow ? 'now' : 'waiting', name);
  if (isNow) item.setAttribute('aria-current', 'step');
  return item;
}

// A card, with what shows a job in it.
function makeCard(id) {
  const card = byId('training').content.firstElementChild.cloneNode(true);
  const part = (selector) => card.querySelector(selector);
  const following = new AbortController();
  const showProblem = (text) => {
    part('.problem').hidden = !text;
    setText(part('.problem'), text);
  };
  const end = () => {
    part('.meter').hidden = part('.cancel').hidden = true;
    part('.dismiss').hidden = false;
  };
  const show = (job) => {
    const {algorithm, params} = job.request;
    setText(part('h3'), `${algorithmName(algorithm)}, ${paramsInWords(params)}`);
    setText(part('.words'), wordsOf(job));
    const bar = part('progress');
    bar.setAttribute('aria-label', `Progress of the stage ${job.stage ?? 'before the first'}`);
    if (job.percent == null) bar.removeAttribute('value');
    else bar.value = job.percent;
    setText(part('.percent'), job.percent == null ? '' : `${tenths(job.percent)} %`);
    part('.progress').replaceChildren(...job.stages.map((name, i) => stageItem(name, i, job)));
    part('.warnings').hidden = !job.warnings.length;
    part('.warnings').replaceChildren(...job.warnings.map((text) => make('li', '', text)));
    showProblem(job.status === 'failed' ? job.reason ?? 'The trainer gave no reason.' : '');
    card.dataset.status = job.status;
    if (hasEnded(job)) end();
    part('.to-model').hidden = job.status !== 'completed';
    part('.to-model').href = `#model-${job.model_id}`;
  };
  part('.cancel').addEventListener('click', async () => {
    try {
      show(await post(jobPath(id, '/cancel'), {}));
    } catch (error) {
      showProblem(error.message);
    }
  });
  part('.dismiss').addEventListener('click', () => {
    following.abort();
    card.remove();
    save(load().filter((each) => each !== id));
    byId('train-send').focus();
  });
  return {card, show, showProblem, end, signal: following.signal};
}

async function followTraining(id, first) {
  const {card, show, showProblem, end, signal} = makeCard(id);
  box.prepend(card);
  while (box.childElementCount > MAX_KEPT) box.lastElementChild.remove();
  try {
    let job = first ?? await get(jobPath(id));
    show(job);
    if (hasEnded(job)) return;
    const lost = () => showProblem('Lost the connection to the gateway; trying again.');
    await follow(id, signal, (now) => show(job = now), lost);
    if (job.status === 'completed') await onTrained();
  } catch (error) {
    if (signal.aborted) return;
    setText(card.querySelector('h3'), `Training ${id}`);
    showProblem(error.message);
    end();
  }
}

export function addTraining(job) {
  followTraining(job.job_id, job);
  save([job.job_id, ...load().filter((id) => id !== job.job_id)]);
}

export function startTrainings(whenTrained) {
  onTrained = whenTrained;
  for (const id of load().toReversed()) followTraining(id);
  save(load());
}
