import {isOfClasses, withUnit} from './about.js';
import {count, date, duration, points, timeToTheMillisecond} from './format.js';

const form = document.getElementById('trace-form');
const input = document.getElementById('trace-id');
const result = document.getElementById('trace-result');
let asking = null, retry = null;

const BOTH = 'A row needs both halves.';
const LATE = 'The label has not arrived yet; labels may be delayed.';
const UNPREDICTED = 'No prediction yet: is model running, and how long is the queue features?';
const UNKNOWN = 'Unknown id: metric has not received it, or it left unmatched (see unmatched.csv), '
  + 'or it is no longer remembered.';
const UNKNOWN_START = 'Known once the prediction arrives.';

function make(tag, className, ...content) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...content);
  return element;
}

const SHOWN = 5; // classes of a prediction

function probabilities(byClass) {
  const all = Object.entries(byClass).sort(([, one], [, other]) => other - one);
  const rest = all.length > SHOWN ? ` and ${count(all.length - SHOWN)} more` : '';
  return `${all.slice(0, SHOWN).map(([name, p]) => `${name} ${points(p)}`).join(', ')}${rest}`;
}

const isByClass = (value) => value !== null && typeof value === 'object';

// A number, or a class; of probabilities by class the most probable one.
function told(value) {
  if (isByClass(value)) return Object.keys(value).reduce((best, name) => (value[name] > value[best] ? name : best));
  return typeof value === 'string' ? value : points(value);
}

function predictedWords(prediction, model) {
  return [isByClass(prediction) && probabilities(prediction), model && `by the model ${model}`].filter(Boolean).join('; ');
}

function stepsOf(answer) {
  const {y_true: label, y_pred: prediction, model_id: model} = answer;
  const pending = answer.found === 'pending';
  const error = errorOf(answer);
  const steps = [
    ['features published', answer.features_in_ms, '', pending && prediction == null && UNKNOWN_START],
    ['label published', answer.label_in_ms, `y_true ${told(label)}`, label == null && LATE],
    ['prediction published', answer.prediction_in_ms, `y_pred ${told(prediction)}`, prediction == null && UNPREDICTED, predictedWords(prediction, model)],
    ['row written', answer.joined_in_ms, `error ${points(error)}`, pending && BOTH],
  ];
  if (pending) steps.splice(3, 0, [`${label == null ? 'prediction' : 'label'} received by metric`, answer.received_in_ms, '', false]);
  const named = steps.map(([name, at, value, missing, who]) => ({name, at, value, missing, who}));
  const start = Math.min(...named.filter((step) => step.at != null).map((step) => step.at));
  // Those without a time keep their place in the order of the pipeline, after those with one.
  return {start, steps: named.sort((a, b) => (a.at ?? Infinity) - (b.at ?? Infinity) || 0)};
}

function since(ms) {
  return ms < 10000 ? `+${count(ms)} ms` : `+${duration(ms)}`;
}

function stepItem({name, at, value, missing, who}, start) {
  const item = make('li', missing ? 'missing' : '', make('strong', '', name));
  if (missing) {
    item.append(make('span', 'tag', name === 'features published' ? 'not known yet' : 'still missing'), make('p', 'sub', missing));
    return item;
  }
  item.append(make('span', 'value', value));
  item.append(at == null
    ? make('span', 'when', 'time unknown')
    : make('span', 'when', make('time', '', timeToTheMillisecond(at)), make('span', 'since', at === start ? 'start' : since(at - start))));
  if (who) item.append(make('span', 'who sub', who));
  return item;
}

// JSON has no number for an error that is beyond all of them.
const errorOf = ({found, absolute_error: error}) => (found === 'joined' ? error ?? Infinity : error);

function joinedWords(answer) {
  const error = points(errorOf(answer));
  if (!isOfClasses) return `Joined, with an error of ${withUnit(error)}.`;
  const {y_true: label, y_pred: predicted, half_brier: brier} = answer;
  const right = label === predicted ? `${label} was predicted, and is right` : `${predicted} was predicted, and ${label} is right`;
  return `Joined: ${right}. The error is ${error}${brier == null ? '' : `, half Brier score ${points(brier)}`}.`;
}

function headline(answer, start) {
  const on = Number.isFinite(start) ? ` Times are local, on ${date(start)}.` : '';
  if (answer.found === 'joined') return `${joinedWords(answer)}${on}`;
  return `Pending: the other half is missing. Checked again every second.${on}`;
}

function show(id, answer) {
  const title = make('h3', 'traced', id);
  if (answer.error) return result.replaceChildren(title, make('p', 'problem', answer.error));
  if (answer.found === 'unknown') {
    return result.replaceChildren(title, make('p', '', UNKNOWN));
  }
  const {start, steps} = stepsOf(answer);
  const list = make('ol', 'steps', ...steps.map((step) => stepItem(step, start)));
  result.replaceChildren(title, make('p', '', headline(answer, start)), list);
}

async function answerFor(id, signal) {
  try {
    const response = await fetch(`/api/trace?id=${encodeURIComponent(id)}`, {signal});
    return {...await response.json(), isDown: response.status === 503};
  } catch (error) {
    if (signal.aborted) throw error;
    return {error: 'The server does not answer.', isDown: true};
  }
}

async function ask(id, before = '') {
  const {signal} = asking;
  const answer = await answerFor(id, signal).catch(() => null);
  if (!answer || signal.aborted) return;
  // Shown only when it differs, for a screen reader reads each change aloud.
  const text = JSON.stringify(answer);
  if (text !== before) show(id, answer);
  if (answer.found === 'pending' || answer.isDown) retry = setTimeout(ask, 1000, id, text);
}

function trace(id) {
  asking?.abort();
  clearTimeout(retry);
  asking = new AbortController();
  input.value = id;
  ask(id);
}

function traceId(id) {
  history.replaceState(null, '', `#id=${encodeURIComponent(id)}`);
  trace(id);
}

function traceAddress() {
  // Whoever writes such an address by hand means a plus by a plus.
  const id = new URLSearchParams(location.hash.slice(1).replaceAll('+', '%2B')).get('id');
  if (id) trace(id);
}

export function goToTrace(id) {
  traceId(id);
  form.scrollIntoView({block: 'center'});
  result.focus({preventScroll: true});
}

export function startTrace() {
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    traceId(input.value.trim());
  });
  addEventListener('hashchange', traceAddress);
  traceAddress();
}
