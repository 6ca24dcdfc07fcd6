// Which class is taken for which, and how well each is known.
import {about} from './about.js';
import {count, counted, percent, setText} from './format.js';

const MANY = 6; // classes, from which on the matrix takes the whole width
const frame = document.getElementById('confusion');
const words = document.getElementById('confusion-words');
const figures = document.getElementById('by-class');
const short = new Intl.NumberFormat('en', {notation: 'compact', maximumSignificantDigits: 3});
const names = about.classes;
let cells = null, rows = null;

function head(text, scope) {
  const th = document.createElement('th');
  th.scope = scope;
  const name = document.createElement('span');
  name.textContent = name.title = text; // cut where it is too long
  th.append(name);
  return th;
}

function corner() {
  const th = document.createElement('td');
  th.textContent = 'true ↓ predicted →';
  return th;
}

function tableOf(caption, heads, lines) {
  const table = document.createElement('table');
  table.createCaption().textContent = caption;
  table.createTHead().insertRow().append(...heads);
  table.createTBody().append(...lines);
  return table;
}

function lineOf(name, cells) {
  const tr = document.createElement('tr');
  tr.append(head(name, 'row'), ...cells);
  return tr;
}

const blanks = (number) => Array.from({length: number}, () => document.createElement('td'));

// Names lie on their side where they would take more room than the numbers below them.
function buildMatrix() {
  cells = names.map(() => blanks(names.length));
  const table = tableOf('Rows by true and by predicted class', [corner(), ...names.map((name) => head(name, 'col'))],
    names.map((name, i) => lineOf(name, cells[i])));
  table.classList.toggle('many', names.length > MANY);
  table.classList.toggle('upright', names.length > 4 && names.some((name) => name.length > 3));
  frame.replaceChildren(table);
}

function buildFigures() {
  rows = names.map(() => blanks(3));
  const heads = ['class', 'rows', 'recall', 'precision'].map((text) => head(text, 'col'));
  figures.replaceChildren(tableOf('Figures of each class', heads, names.map((name, i) => lineOf(name, rows[i]))));
}

function showCell(td, number, all, isRight) {
  setText(td, number < 10000 ? count(number) : short.format(number));
  td.title = count(number);
  td.className = !number ? 'none' : isRight ? 'right' : 'wrong';
  td.style.setProperty('--share', `${number ? 20 + 80 * Math.sqrt(number / all) : 0}%`);
}

function worst(confusion) {
  const pairs = confusion.flatMap((line, i) => line.map((number, j) => ({number, i, j})));
  return pairs.filter(({i, j}) => i !== j).reduce((most, pair) => (pair.number > most.number ? pair : most));
}

function wordsOf({confusion, summary}) {
  if (!summary.rows) return 'No rows yet.';
  const right = confusion.reduce((sum, line, i) => sum + line[i], 0);
  const all = `${count(right)} of ${counted(summary.rows, 'row')} are right.`;
  const {number, i, j} = worst(confusion);
  return number ? `${all} The most frequent mistake: ${names[i]}, predicted as ${names[j]} in ${counted(number, 'row')}.` : all;
}

export function startClasses() {
  if (!names.length) return;
  const isWide = names.length > MANY;
  frame.closest('.panel').classList.toggle('wide', isWide);
  document.querySelector('.rows').classList.toggle('wide', !isWide);
  buildFigures();
}

export function showClasses(event) {
  const {confusion, by_class: of} = event;
  if (!of) return;
  names.forEach((_, i) => [count(of.rows[i]), percent(of.recall[i]), percent(of.precision[i])].forEach((text, n) => setText(rows[i][n], text)));
  if (!confusion) return setText(words, `There is no matrix of ${count(names.length)} classes: it would be too large.`);
  if (!cells) buildMatrix();
  confusion.forEach((line, i) => line.forEach((number, j) => showCell(cells[i][j], number, of.rows[i], i === j)));
  setText(words, wordsOf(event));
}
