import {age, points, setText} from './format.js';
import {goToTrace} from './trace.js';

const body = document.getElementById('last-rows');
const hint = document.getElementById('rows-sub');
const hovers = matchMedia('(hover: hover)');
let shown = new Map();
let latest = [];
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
  button.textContent = id;
  button.title = id;
  button.addEventListener('click', () => goToTrace(id));
  return button;
}

function errorBar(error, end) {
  const track = document.createElement('span');
  track.className = 'track';
  const fill = document.createElement('span');
  fill.className = 'fill';
  fill.style.width = `${Math.min(100, 100 * error / end)}%`;
  track.append(fill);
  return track;
}

function addRow(row) {
  const tr = document.createElement('tr');
  const error = row.absolute_error ?? Infinity; // JSON has no number for it
  tr.append(
    cell('id', idButton(row.id)),
    cell('number', points(row.y_true)),
    cell('number', points(row.y_pred)),
    cell('error', errorBar(error, 200), points(error)),
    cell('number age', age(row.joined_in_ms)),
  );
  tr.joined = row.joined_in_ms;
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
  }
  shown = next;
}

export function showRows(rows) {
  latest = rows;
  held = isHeld();
  setText(hint, held ? 'Held still while you choose' : rows.length ? 'Choose an id to trace it' : 'No rows yet; they appear here');
  if (!held) render();
}

export function tickRows() {
  if (held) showRows(latest);
  for (const tr of shown.values()) setText(tr.lastElementChild, age(tr.joined));
}
