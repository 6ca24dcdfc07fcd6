// The fields of a row, one for each column of the schema. A column can have any name: it is known by its place.
import {byId, make} from './dom.js';
import {asked, inputOf} from './inputs.js';
import {rangeInWords} from './schema.js';

const MANY = 24; // fields, from which on they scroll in a box of their own
const CUT = 60; // characters
const box = byId('fields');
let fields = [];

function wordsAbout(column, {isGroup}) {
  const range = isGroup ? '' : rangeInWords(asked(column));
  const empty = column.missing && column.type !== 'category' ? 'Can be left empty.' : '';
  return [range && `${range}.`, column.note, empty].filter(Boolean).join(' ');
}

function makeField(column, i) {
  const input = inputOf(column, i);
  const about = Object.assign(make('p', 'sub', wordsAbout(column, input)), {id: `about-${i}`});
  const problem = Object.assign(make('p', 'problem'), {id: `problem-${i}`, hidden: true});
  const title = make(input.isGroup ? 'legend' : 'label', '', make('span', 'title', column.title || column.name));
  if (asked(column).unit) title.append(' ', make('span', 'unit', asked(column).unit));
  const element = make(input.isGroup ? 'fieldset' : 'div', input.isWide ? 'field wide' : 'field', title, input.element, input.other ?? '', about, problem);
  if (!input.isGroup) title.htmlFor = input.element.id = `value-${i}`;
  for (const control of input.controls) control.setAttribute('aria-describedby', `${about.id} ${problem.id}`);
  const field = {name: column.name, ...input, problem};
  element.addEventListener('input', () => {
    input.fit?.();
    showProblem(field, '');
  });
  return {...field, element};
}

function showProblem({problem, controls}, text) {
  problem.textContent = text;
  problem.hidden = !text;
  for (const control of controls) control.setAttribute('aria-invalid', String(Boolean(text)));
}

export function makeFields(columns) {
  fields = columns.map(makeField);
  box.classList.toggle('many', fields.length > MANY);
  box.replaceChildren(...fields.map(({element}) => element));
}

export function fill(values) {
  for (const field of fields) {
    showProblem(field, '');
    field.write(values[field.name]);
  }
}

export const read = () => Object.fromEntries(fields.map((field) => [field.name, field.read()]));

// The gateway cuts a long name in an error.
const isOf = (part) => ({name}) => part === name || (part?.length >= CUT && name.startsWith(part));

// Shows each message of a 422 at its field, whose name is the third part of the place, after `body` and `data`;
// returns the messages that name no field.
export function showProblems(details) {
  const others = [], found = new Map();
  for (const {loc, msg} of details) {
    const field = fields.find(isOf(loc[2]));
    if (field === undefined) others.push([...loc.slice(2), msg].join(': '));
    else found.set(field, [...(found.get(field) ?? []), msg]);
  }
  found.forEach((messages, field) => showProblem(field, messages.join(' ')));
  const first = fields.find((field) => found.has(field));
  first?.controls.find((control) => !control.hidden)?.focus();
  return others;
}
