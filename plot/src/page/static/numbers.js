import {about, isOfClasses, pageTitle, withUnit} from './about.js';
import {age, count, counted, date, duration, percent, points, setText, signedPoints, tenths, time} from './format.js';

const {unit} = about;
const SPREAD = [
  ['median', 'Median error', unit, 'Half of the errors are below this.'],
  ['p90', '90th percentile', unit, 'Nine in ten errors are below this.'],
];
const OF_NUMBERS = [
  ['mae', 'MAE', unit, 'Mean absolute error.'],
  ...SPREAD,
  ['rmse', 'RMSE', unit, 'Like MAE, but large errors weigh more.'],
  ['bias', 'Bias', unit, ''],
];
const OF_CLASSES = [
  ['accuracy', 'Accuracy', '', ''],
  ['mae', 'Mean error', '', 'Mean of 1 − p of the true class.'],
  ['log_loss', 'Log loss', '', ''],
  ...SPREAD,
];
const CARDS = [
  ...isOfClasses ? OF_CLASSES : OF_NUMBERS,
  ['rows', 'Rows joined', 'rows', 'Predictions joined with their label.'],
  ['rate', 'Rate', 'rows/s', 'Rows per second, last 10 s.'],
  ['pending', 'Pending halves', 'halves', ''],
  ['dead', 'Dead letters', 'messages', 'Messages that no service could use.'],
  ['last', 'Last row', '', ''],
];
const template = document.getElementById('card').content.firstElementChild;
const cards = Object.fromEntries(CARDS.map((card) => [card[0], addCard(...card)]));
let lastRow = null;

function addCard(name, title, unit, meaning) {
  const card = template.cloneNode(true);
  card.dataset.name = name;
  card.querySelector('dt').textContent = title;
  card.querySelector('.unit').textContent = unit;
  const value = card.querySelector('.value');
  value.id = `n-${name}`;
  const sentence = card.querySelector('.meaning');
  sentence.textContent = meaning;
  document.getElementById('numbers').append(card);
  return {value, sentence};
}

function set(name, text, meaning) {
  setText(cards[name].value, text);
  if (meaning !== undefined) setText(cards[name].sentence, meaning);
}

function biasWords({bias, mae}) {
  if (bias == null) return 'Mean of y_pred − y_true.';
  if (Math.abs(bias) <= mae / 1000) return 'Mean of y_pred − y_true: balanced.';
  return `Mean of y_pred − y_true: too ${bias > 0 ? 'high' : 'low'}.`;
}

export function showNote(name, text) {
  const note = document.getElementById(`note-${name}`);
  note.hidden = !text;
  if (text) setText(note, text);
}

function showOfNumbers(summary) {
  const none = summary.rows ? Infinity : null; // JSON has no number beyond all of them
  for (const name of ['mae', 'median', 'p90', 'rmse']) set(name, points(summary[name] ?? none));
  set('bias', signedPoints(summary.bias), biasWords(summary));
}

// Of what would be right without any model, too: 94 % say little where 94 % of the rows are of one class.
function baselineWords({rows, baseline}) {
  return rows ? `Always ${about.classes[baseline.class]}: ${percent(baseline.accuracy)}.` : 'Share of right rows.';
}

const WORST_LOSS = 34.5; // of a row: −ln 1e-15

function lossWords({classes_only: only, impossible}) {
  if (only) return 'Meaningless without probabilities.';
  if (impossible) return `${counted(impossible, 'row')} with no probability for the true class; each counts ${WORST_LOSS}.`;
  return 'Mean of −ln p of the true class.';
}

function showOfClasses(summary) {
  for (const name of ['mae', 'median', 'p90']) set(name, points(summary[name]));
  set('accuracy', percent(summary.accuracy), baselineWords(summary));
  set('log_loss', points(summary.log_loss), lossWords(summary));
  showNote('only', summary.classes_only && 'Every error is 0 or 1: only classes were told, no probabilities. '
    + 'The mean error is the share of wrong rows, and a log loss would say no more.');
}

function titleOf({mae, accuracy}) {
  if (mae == null) return pageTitle;
  return `${isOfClasses ? `Accuracy ${percent(accuracy)}` : `MAE ${titleUnit(points(mae))}`} · ${pageTitle}`;
}

const titleUnit = (text) => (unit === 'points' ? text : withUnit(text));

export function showNumbers({summary, reading}) {
  set('rows', count(summary.rows));
  (isOfClasses ? showOfClasses : showOfNumbers)(summary);
  lastRow = summary.last_row_in_ms;
  tickNumbers();
  document.getElementById('note-reading').hidden = !reading;
  showNote('problem', summary.problem);
  document.title = titleOf(summary);
}

export function tickNumbers() {
  set('last', time(lastRow), lastRow == null ? 'When a row was last joined.' : `${age(lastRow)} ago, ${date(lastRow)}`);
}

export function halves(pending) {
  return `${counted(pending.y_true, 'label')}, ${counted(pending.y_pred, 'prediction')}`;
}

const NOUNS = {y_true: 'label', y_pred: 'prediction', y_pred_shadow: 'shadow prediction'};

function left(queues, why) {
  return Object.entries(queues).map(([queue, {halves: number, youngest_in_ms: youngest}]) =>
    `${counted(number, NOUNS[queue] ?? queue)} ${why}, the youngest after ${duration(youngest)}`);
}

function unmatchedWords(unmatched) {
  const parts = [
    ...left(unmatched?.let_go ?? {}, 'let go because more than MAX_PENDING were pending'),
    ...left(unmatched?.expired ?? {}, 'expired'),
    ...unmatched?.dropped > 0 ? [`${count(unmatched.dropped)} of them dropped from unmatched.csv`] : [],
  ];
  return parts.length > 0 && `Left unmatched: ${parts.join('; ')}.`;
}

export function showFlow({rows_per_second: rate, pending, unmatched, queues}) {
  showNote('unmatched', unmatchedWords(unmatched));
  set('rate', tenths(rate));
  set('pending', pending ? count(pending.y_true + pending.y_pred) : '–',
    pending ? `${halves(pending)}.` : 'Labels and predictions whose other half is missing.');
  const dead = queues?.dead_letters;
  set('dead', dead && !dead.state ? count(dead.ready + dead.unacked) : '–');
}
