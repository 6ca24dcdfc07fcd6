// What a person enters a value into: each kind of input can read and write it; null is a missing one.
import {make} from './dom.js';
import {round} from './format.js';

const MAX_SEGMENTS_WIDTH = 270; // px, so that they fit side by side
const NOTHING = {value: null, text: 'no value'};
const OTHER = {text: 'another…'};

// The fields of a number that tell how it is asked for: as it is measured, if that is another number.
export const asked = (column) => (column.type === 'number' ? column.measured ?? column : column);

export function inputOf(column, i) {
  if (column.type === 'text') return textArea(column);
  if (column.type === 'category') return choice(column, i, column.values, true);
  const {least, most, step} = asked(column);
  return step && most - least === step ? choice(column, i, [least, most], false) : number(column);
}

function number(column) {
  const {lowest = '', highest = '', step = 'any'} = asked(column);
  const input = Object.assign(make('input', ''), {
    type: 'number', inputMode: 'decimal', autocomplete: 'off', required: !column.missing, min: lowest, max: highest, step,
  });
  return {
    element: input, controls: [input],
    read: () => (input.value === '' ? null : Number(input.value)),
    write(value) {
      input.value = value ?? '';
      if (input.validity.stepMismatch) input.step = 'any'; // the table is more precise than its schema says
    },
  };
}

function textArea(column) {
  const area = Object.assign(make('textarea', ''), {rows: 3, required: !column.missing});
  return {
    element: area, controls: [area], isWide: true,
    read: () => area.value || null,
    write(value) { area.value = value ?? ''; },
  };
}

const textOf = ({value, text}) => text ?? (typeof value === 'number' ? round(value) : value);

// One of few values, and of a category also one that the schema does not list.
function choice({title, name, missing}, i, values, isOpen) {
  const options = [...values.map((value) => ({value})), ...(isOpen ? [OTHER] : []), ...(missing ? [NOTHING] : [])];
  const isShort = options.reduce((width, option) => width + Math.max(56, 22 + 9 * textOf(option).length), 0) <= MAX_SEGMENTS_WIDTH;
  const {element, controls, chosen, choose} = (isShort ? segments : menu)(options, i);
  const other = Object.assign(make('input', 'other'), {autocomplete: 'off', required: true, maxLength: 100});
  other.setAttribute('aria-label', `Another value of ${title || name}`);
  const fit = () => { other.hidden = other.disabled = options[chosen()] !== OTHER; };
  const write = (value) => {
    const known = options.findIndex((option) => option !== OTHER && option.value === (value ?? null));
    other.value = known < 0 ? value ?? '' : '';
    choose(known < 0 && value != null ? options.indexOf(OTHER) : known);
    fit();
  };
  const read = () => (options[chosen()] === OTHER ? other.value : options[chosen()]?.value ?? null);
  write(null);
  return {element, other: isOpen ? other : '', controls: isOpen ? [...controls, other] : controls, isGroup: isShort, fit, read, write};
}

function segments(options, i) {
  const radios = options.map(() => Object.assign(make('input', ''), {type: 'radio', name: `value-${i}`, required: true}));
  const labels = radios.map((radio, at) => make('label', '', radio, make('span', '', textOf(options[at]))));
  return {
    element: make('div', 'segments', ...labels), controls: radios,
    chosen: () => radios.findIndex(({checked}) => checked),
    choose: (at) => radios.forEach((radio, n) => { radio.checked = n === at; }),
  };
}

function menu(options) {
  const select = Object.assign(make('select', ''), {required: true});
  const first = Object.assign(make('option', '', 'choose…'), {value: '', disabled: true, hidden: true});
  select.append(first, ...options.map((option, at) => Object.assign(make('option', '', textOf(option)), {value: at})));
  return {
    element: select, controls: [select],
    chosen: () => select.selectedIndex - 1,
    choose: (at) => { select.selectedIndex = at + 1; },
  };
}
