// What is predicted, and in which unit: plot writes it into the page, from the schema of the data set.
import {plain} from './drawing.js';

export const about = JSON.parse(document.getElementById('about').textContent);
export const isOfClasses = about.classes.length > 0;
export const MEAN = isOfClasses ? 'mean error' : 'MAE';

const isDefault = about.name === 'diabetes';
export const pageTitle = isDefault ? 'Streaming inference' : about.title;

// A value that is written already, with the unit behind it.
export const withUnit = (text) => (about.unit ? `${text} ${about.unit}` : text);
// The title of an axis, as Plotly takes it.
export const titled = (text) => plain(about.unit ? `${text} (${about.unit})` : text);

// The page as it is served is about points of the default data set.
export function fitWords() {
  for (const part of document.querySelectorAll('[data-of]')) part.hidden = (part.dataset.of === 'classes') !== isOfClasses;
  for (const span of document.querySelectorAll('.in-unit')) span.textContent = about.unit && `${span.dataset.lead ?? ', '}in ${about.unit}`;
  document.body.classList.toggle('of-classes', isOfClasses);
  if (isDefault) return;
  document.title = pageTitle;
  document.querySelector('h1').textContent = about.title;
  const fill = (text) => text.replace('{target}', about.target).replace('{unit}', about.unit ? `, ${about.unit}` : '');
  for (const part of document.querySelectorAll('[data-other]')) part.textContent = fill(part.dataset.other);
  if (isOfClasses) for (const part of document.querySelectorAll('[data-classes]')) part.textContent = fill(part.dataset.classes);
}
