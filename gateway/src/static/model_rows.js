// The table of the models: a row each, which is made anew only if something in it has changed.
import {byId, make} from './dom.js';
import {counted, setText} from './format.js';
import {algorithmName, bytes, moment, onHoldout, onLiveRows, paramsInWords} from './model_words.js';
import {schema} from './schema.js';

const body = byId('model-rows');
const ORDER = ['live', 'shadow', 'stored'];
const ACTIONS = {live: ['rollback'], shadow: ['promote', 'unshadow'], stored: ['promote', 'shadow', 'delete']};
const NAMES = {promote: 'Promote', shadow: 'Run as shadow', unshadow: 'Stop the shadow', delete: 'Delete', rollback: 'Roll back'};
const MAX_WORDS = 110; // characters of the parameters that are always shown
const rows = new Map(); // by model id: the row, and the text that it was made of

const byRank = (a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state) || Date.parse(b.created_at) - Date.parse(a.created_at);

function cell(label, className, ...content) {
  const td = make('td', className, ...content);
  td.dataset.label = label;
  td.setAttribute('role', 'cell');
  return td;
}

const lines = ([first, ...others]) => [make('strong', '', first), ...others.map((text) => make('span', 'sub', text))];

// Long parameters, and the notes, on demand: a default model has all of scikit-learn's.
function recipe({algorithm, params, notes}) {
  const words = paramsInWords(params), isLong = words.length > MAX_WORDS;
  const more = [...(isLong ? [words] : []), ...notes];
  const name = make('span', 'sub', isLong ? algorithmName(algorithm) : `${algorithmName(algorithm)}, ${words}`);
  if (!more.length) return [name];
  return [name, make('details', '', make('summary', '', 'more'), ...more.map((text) => make('p', 'long', text)))];
}

function nameCell(model) {
  const th = make('th', '', make('span', `state ${model.state}`, model.state), make('code', '', model.model_id), ...recipe(model));
  th.scope = 'row';
  th.setAttribute('role', 'rowheader');
  return th;
}

function columnsOf({features, data_set: dataSet, dataset_id: trainedOn}) {
  const details = make('details', '', make('summary', '', counted(features.length, 'column')), make('p', 'columns', features.join(', ')));
  const others = dataSet && dataSet !== trainedOn ? [make('span', 'sub', `trained on ${trainedOn}`)] : [];
  return [details, make('span', 'sub', `of ${dataSet ?? trainedOn}`), ...others];
}

function liveLines(model) {
  const found = onLiveRows(model);
  return found.length ? found.map((each) => make('span', 'role', ...lines(each))) : ['no rows yet'];
}

function timeOf(text) {
  return text ? Object.assign(make('time', '', moment(text)), {dateTime: text}) : '–';
}

function buttonsOf(model, {canRollBack, onAction}) {
  if (model.data_set && model.data_set !== schema.name) return ['can be asked by its id'];
  return ACTIONS[model.state].filter((action) => action !== 'rollback' || canRollBack).map((action) => {
    const button = Object.assign(make('button', action, NAMES[action]), {type: 'button'});
    button.dataset.key = `${action} ${model.model_id}`;
    button.setAttribute('aria-label', `${NAMES[action]}: ${model.model_id}`);
    button.addEventListener('click', () => onAction(action, model.model_id));
    return button;
  });
}

function makeRow(model, options) {
  const size = model.size ?? Object.values(model.files ?? {}).reduce((sum, file) => sum + file.size, 0);
  const tr = make(
    'tr', model.state, nameCell(model),
    cell('takes', 'takes', ...columnsOf(model)),
    cell('on the hold-out', '', ...lines(onHoldout(model))),
    cell('on live rows', '', ...liveLines(model)),
    cell('size', '', bytes(size)),
    cell('trained', '', timeOf(model.created_at)),
    cell('last answer', '', timeOf(model.answered_at)),
    cell('', 'buttons', ...buttonsOf(model, options)),
  );
  tr.id = `model-${model.model_id}`;
  tr.tabIndex = -1;
  tr.setAttribute('role', 'row');
  return tr;
}

function rowOf(model, options) {
  const text = JSON.stringify([model, options.canRollBack]);
  const known = rows.get(model.model_id);
  if (known?.text === text) return known.row;
  const row = makeRow(model, options);
  const wasOpen = [...(known?.row.querySelectorAll('details') ?? [])].map(({open}) => open);
  [...row.querySelectorAll('details')].forEach((each, i) => { each.open = wasOpen[i] ?? false; });
  rows.set(model.model_id, {text, row});
  return row;
}

export function showModels({models, live}, options) {
  const focused = document.activeElement?.dataset?.key;
  const found = models.toSorted(byRank).map((model) => rowOf(model, options));
  if (found.length !== body.children.length || found.some((row, i) => row !== body.children[i])) body.replaceChildren(...found);
  if (focused) [...body.querySelectorAll('button')].find((button) => button.dataset.key === focused)?.focus();
  byId('models').hidden = !models.length;
  const answers = live === null ? 'No model is live yet.' : `${live} answers.`;
  setText(byId('list-words'), models.length ? `${counted(models.length, 'model')}. ${answers}` : 'No models yet: train one.');
}
