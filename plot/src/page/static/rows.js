import {isOfClasses} from './about.js';
import {age, points, setText} from './format.js';
import {idText} from './table.js';
import {goToTrace} from './trace.js';

const body = document.getElementById('last-rows');
const hint = document.getElementById('rows-sub');
const hovers = matchMedia('(hover: hover)');
let shown = new Map();
let latest = [];
let end = 1; // of the bars of the errors
let held = false;

// A table that moves while somebody aims at one of its buttons cannot be used.
function isHeld() {
  return shown.size > 0 && (body.querySelector(':focus-visible') || (hovers.matches && body.matches(':hover')));
}

function cell(className, ...content) {
  const td = document.createElement('td');
  td.className = className;
  td.append(...content);
  return td;
}

function idButton(id) {
  const button = document.createElement('button');
  button.type = 'button';
  button.append(idText(id));
  button.setAttribute('aria-label', id); // a name made of its two parts would have a space in it
  button.addEventListener('click', () => goToTrace(id));
  return button;
}

function errorBar() {
  const track = document.createElement('span');
  track.className = 'track';
  const fill = document.createElement('span');
  fill.className = 'fill';
  track.append(fill);
  return track;
}

function numberCell(className, value, ...before) {
  const td = cell(className, ...before, points(value));
  td.title = value; // in all its digits
  return td;
}

function labelCell(value, isWrong = false) {
  if (!isOfClasses) return numberCell('number', value);
  const td = cell(isWrong ? 'class wrong' : 'class', value);
  td.title = value; // which may be cut
  return td;
}

function addRow(row) {
  const tr = document.createElement('tr');
  const error = row.absolute_error ?? Infinity; // JSON has no number for it
  tr.append(
    cell('id', idButton(row.id)),
    labelCell(row.y_true),
    labelCell(row.y_pred, row.y_pred !== row.y_true),
    numberCell('error', error, errorBar()),
    cell('number age', age(row.joined_in_ms)),
  );
  tr.joined = row.joined_in_ms;
  tr.error = error;
  return tr;
}

function keyed(rows) {
  const byKey = new Map();
  for (const row of rows) {
    let key = `${row.joined_in_ms} ${row.id}`;
    while (byKey.has(key)) key += ' again';
    byKey.set(key, row);
  }
  return byKey;
}

function render() {
  const first = shown.size === 0;
  const next = new Map();
  for (const [key, row] of keyed(latest)) {
    const known = shown.get(key);
    const tr = known ?? addRow(row);
    if (!known && !first) tr.className = 'new';
    next.set(key, tr);
  }
  for (const [key, tr] of shown) if (!next.has(key)) tr.remove();
  let before = null;
  for (const tr of [...next.values()].reverse()) {
    if (tr.parentNode !== body || tr.nextSibling !== before) body.insertBefore(tr, before);
    before = tr;
    tr.querySelector('.fill').style.width = `${Math.min(100, 100 * tr.error / end)}%`;
  }
  shown = next;
}

export function showRows(rows, {p90} = {}) {
  latest = rows;
  end = isOfClasses ? 1 : 2 * p90 || end;
  held = isHeld();
  setText(hint, held ? 'Paused while you choose' : rows.length ? 'Choose an id to trace it' : 'No rows yet; they appear here');
  if (!held) render();
}

export function tickRows() {
  if (held) showRows(latest);
  for (const tr of shown.values()) setText(tr.lastElementChild, age(tr.joined));
}
