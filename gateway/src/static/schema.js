// The data set of this gateway: what a row is, and what is predicted from it.
import {get} from './api.js';
import {count, round} from './format.js';

const MAX_NAMED = 5; // classes
export let schema = null;
export let isOfClasses = false;
export let isDefault = false;

export async function loadSchema() {
  schema = await get('/schema');
  isOfClasses = schema.task === 'classification';
  isDefault = schema.name === 'diabetes';
}

export const target = () => schema.target.title || schema.target.name;
export const isMeasured = () => schema.columns.some(({measured}) => measured);

// A value that is written already, with the unit behind it.
export const withUnit = (text) => (schema.target.unit ? `${text} ${schema.target.unit}` : text);

// A year has no comma.
const written = (value) => (Math.abs(value) < 1e4 ? round(value).replace(',', '') : round(value));

// "1 to 12", and what is known of it if one end is not; empty without any.
export function rangeInWords({least, most}) {
  if (least == null) return most == null ? '' : `up to ${written(most)}`;
  return most == null ? `from ${written(least)}` : `${written(least)} to ${written(most)}`;
}

function classesInWords(names) {
  if (names.length > MAX_NAMED) return `one of ${count(names.length)} classes`;
  return new Intl.ListFormat('en-GB', {type: 'disjunction'}).format(names);
}

function lead() {
  const {unit, classes} = schema.target;
  const what = isOfClasses ? `${target()}: ${classesInWords(classes)}` : `${target()}${unit ? `, in ${unit}` : ''}`;
  return `The model predicts ${what}. Once the true value is known, see how wrong it was.`;
}

function about() {
  if (isOfClasses) return 'An error is 1 − the probability given to the true class; 0 or 1 where only a class was told.';
  const range = rangeInWords(schema.target);
  return range && `${target()} in the data set: ${withUnit(range)}.`;
}

// The page as it is served is about rows of any data set.
export function fitWords() {
  if (isDefault) {
    for (const part of document.querySelectorAll('[data-diabetes]')) part.textContent = part.dataset.diabetes;
  } else {
    document.querySelector('h1').textContent = document.title = `${schema.title || schema.name}: ask the model`;
    document.getElementById('lead').textContent = lead();
    document.getElementById('about').textContent = about();
  }
  document.getElementById('target').textContent = target();
  document.body.classList.toggle('of-classes', isOfClasses);
}
