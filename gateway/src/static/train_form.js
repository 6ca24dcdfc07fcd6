// The form for a training: its algorithm, columns and parameters.
import {post, newKey} from './api.js';
import {byId, make} from './dom.js';
import {counted, setText} from './format.js';
import {algorithmName} from './model_words.js';
import {schema} from './schema.js';
import {addTraining} from './trainings.js';

// As ALGORITHMS_OF of pipeline/training.py, the default one first, each with an example of its parameters.
const ALGORITHMS = {
  regression: {
    ridge: 'alpha=0.5', linear: '', random_forest: 'n_estimators=200 max_depth=8',
    hist_gradient_boosting: 'max_iter=200 learning_rate=0.05',
  },
  classification: {
    logistic: 'C=0.5', random_forest: 'n_estimators=200 max_depth=8', hist_gradient_boosting: 'max_iter=200 learning_rate=0.05',
  },
};
const form = byId('train'), algorithm = byId('algorithm'), params = byId('params'), send = byId('train-send');
let key = newKey();

const boxes = () => [...byId('columns').querySelectorAll('input')];
const chosen = () => boxes().filter((box) => box.checked).map((box) => schema.columns[box.value].name);

function showProblem(name, text) {
  byId(`${name}-problem`).hidden = !text;
  setText(byId(`${name}-problem`), text);
  if (name === 'params') params.setAttribute('aria-invalid', String(Boolean(text)));
}

// A value that is not JSON is text, as `train --param` of the command line has it.
function valueOf(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

// Throws a sentence.
function readParams() {
  const parts = params.value.split(/[\s,;]+/).filter(Boolean);
  return Object.fromEntries(parts.map((part) => {
    const at = part.indexOf('=');
    if (at < 1 || at === part.length - 1) throw new Error(`Expected name=value, not “${part}”.`);
    return [part.slice(0, at), valueOf(part.slice(at + 1))];
  }));
}

function showCount() {
  const number = chosen().length, all = schema.columns.length;
  setText(byId('columns-words'), number === all ? `All ${counted(all, 'column')}.` : `${number} of ${counted(all, 'column')}.`);
}

function check(isChecked) {
  for (const box of boxes()) box.checked = isChecked;
  showCount();
}

function showExample() {
  const example = ALGORITHMS[schema.task][algorithm.value];
  setText(byId('params-words'), example ? `Such as ${example}; the others keep their defaults.` : 'This one has none.');
}

const sentence = ({loc, msg}) => `${loc.slice(1).join(' ')}: ${msg}`;

async function train() {
  const features = chosen();
  showProblem('train', features.length ? '' : 'Choose a column at least.');
  let found;
  try {
    found = readParams();
  } catch (error) {
    showProblem('params', error.message);
    params.focus();
    return;
  }
  showProblem('params', '');
  if (!features.length) return;
  send.disabled = true;
  try {
    const some = features.length < schema.columns.length ? {features} : {};
    addTraining(await post('/train', {algorithm: algorithm.value, params: found, ...some}, {'Idempotency-Key': key}));
    key = newKey();
  } catch (error) {
    // The same key again only if the answer may have been lost.
    if (error.status && error.status < 500) key = newKey();
    showProblem('train', Array.isArray(error.detail) ? error.detail.map(sentence).join(' ') : error.message);
  }
  send.disabled = false;
}

function columnBox(column, i) {
  const box = Object.assign(make('input', ''), {type: 'checkbox', value: i, checked: true});
  return make('label', '', box, make('span', '', column.title || column.name));
}

export function startTrainForm() {
  const names = Object.keys(ALGORITHMS[schema.task]);
  algorithm.replaceChildren(...names.map((name) => Object.assign(make('option', '', algorithmName(name)), {value: name})));
  byId('columns').replaceChildren(...schema.columns.map(columnBox));
  byId('columns').addEventListener('change', showCount);
  byId('columns-all').addEventListener('click', () => check(true));
  byId('columns-none').addEventListener('click', () => check(false));
  algorithm.addEventListener('change', showExample);
  form.addEventListener('input', () => { key = newKey(); });
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    train();
  });
  showExample();
  showCount();
}
