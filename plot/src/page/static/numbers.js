import {age, count, counted, date, duration, points, setText, signedPoints, tenths, time} from './format.js';

const CARDS = [
  ['mae', 'MAE', 'points', 'Mean absolute error.'],
  ['median', 'Median error', 'points', 'Half of the errors are below this.'],
  ['p90', '90th percentile', 'points', 'Nine in ten errors are below this.'],
  ['rmse', 'RMSE', 'points', 'Like MAE, but large errors weigh more.'],
  ['bias', 'Bias', 'points', ''],
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

export function showNumbers({summary, reading}) {
  set('rows', count(summary.rows));
  const none = summary.rows ? Infinity : null; // JSON has no number beyond all of them
  for (const name of ['mae', 'median', 'p90', 'rmse']) set(name, points(summary[name] ?? none));
  set('bias', signedPoints(summary.bias), biasWords(summary));
  lastRow = summary.last_row_in_ms;
  tickNumbers();
  document.getElementById('note-reading').hidden = !reading;
  showNote('problem', summary.problem);
  document.title = summary.mae == null ? 'Streaming inference' : `MAE ${points(summary.mae)} · Streaming inference`;
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
