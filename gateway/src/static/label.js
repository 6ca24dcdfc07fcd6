// The true value of a job: it is told once it is known, and says how wrong the prediction was.
import {get, jobPath, labelPath, post} from './api.js';
import {byId, make} from './dom.js';
import {hasEnded} from './follow.js';
import {percent, points, round, setText} from './format.js';
import {recall, remember} from './recent.js';
import {isOfClasses, schema, withUnit} from './schema.js';

const MAX_WIDTHS = 2; // of the data set's range, by which a label may lie outside it: it cannot be taken back
const form = byId('label-form');
let input = byId('label'), current = null, livePage = '';

function chooser({classes}) {
  const select = make('select', '', Object.assign(make('option', '', 'choose…'), {value: '', disabled: true, selected: true}));
  select.append(...classes.map((name) => Object.assign(make('option', '', name), {value: name})));
  Object.assign(select, {id: input.id, required: true});
  select.setAttribute('aria-describedby', input.getAttribute('aria-describedby'));
  return select;
}

function setLimits({least, most}) {
  if (least == null || most == null) return;
  const margin = MAX_WIDTHS * (most - least);
  Object.assign(input, {min: least < 0 ? least - margin : Math.max(0, least - margin), max: most + margin});
}

function numberInWords({prediction, label, absolute_error: error}) {
  if (error == null) return `The true value is ${withUnit(points(label))}.`;
  const lean = error === 0 ? '' : ` The prediction was too ${prediction > label ? 'high' : 'low'}.`;
  return `Error ${withUnit(points(error))}: the true value is ${points(label)}.${lean}`;
}

function classInWords({prediction, label, absolute_error: error, probabilities}) {
  if (error == null) return `The true class is ${label}.`;
  const verdict = `${prediction === label ? 'Right' : 'Wrong'}: the true class is ${label}.`;
  if (!probabilities) return `${verdict} Error ${round(error)}.`;
  return `${verdict} Error ${points(error)}: the model gave it ${percent(1 - error)}.`;
}

export function showLabel(job) {
  const {label, known, status} = job;
  current = job;
  form.hidden = !hasEnded(job) || status === 'failed' || label != null;
  byId('label-hint').hidden = known == null;
  setText(byId('label-known'), `The data set says ${known}:`);
  byId('outcome').hidden = label == null;
  if (label == null) return;
  setText(byId('error-words'), isOfClasses ? classInWords(job) : numberInWords(job));
  byId('trace').href = `${livePage}#id=${encodeURIComponent(job.job_id)}`;
}

function showProblem(text) {
  byId('label-problem').hidden = !text;
  setText(byId('label-problem'), text);
}

export function clearLabel() {
  input.value = '';
  showProblem('');
}

async function save(onSaved) {
  showProblem('');
  const {job_id: id} = current;
  try {
    await post(labelPath(id), {value: isOfClasses ? input.value : Number(input.value)});
    remember(await get(jobPath(id)));
    if (current.job_id === id) onSaved(recall(id));
  } catch (error) {
    const [first] = Array.isArray(error.detail) ? error.detail : [];
    showProblem(first?.msg ?? error.message);
  }
}

export function startLabel(address, onSaved) {
  livePage = address;
  if (isOfClasses) {
    const select = chooser(schema.target);
    input.replaceWith(select);
    input = select;
    setText(byId('label-title'), 'True class, once it is known');
  } else setLimits(schema.target);
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    save(onSaved);
  });
  byId('label-use').addEventListener('click', () => {
    input.value = current.known;
    input.focus();
  });
}
