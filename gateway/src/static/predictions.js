// All predictions in the log, and where one of them lies.
import {get} from './api.js';
import * as classCounts from './class_counts.js';
import {byId} from './dom.js';
import {loadPlotly} from './drawing.js';
import {setText} from './format.js';
import * as histogram from './histogram.js';
import {isOfClasses} from './schema.js';
import {scrollTable} from './table.js';

const box = byId('predictions'), list = byId('class-counts');
const caption = byId('predictions-words'), details = byId('predictions-table');
let all = null, shown = {}, problem = '';

const kind = () => (isOfClasses ? classCounts : histogram);

// Where a prediction lies, in words; empty while that is not known.
export function placeInWords(prediction) {
  return prediction == null || !all || !kind().total(all) ? '' : kind().place(all, prediction);
}

function words() {
  if (problem) return problem;
  if (!kind().total(all)) return 'No predictions in metric_log.csv yet: a row is written once its true value is known.';
  return kind().words(all, shown);
}

function draw() {
  setText(caption, words());
  caption.classList.toggle('problem', Boolean(problem));
  details.hidden = all === null;
  box.hidden = all === null || isOfClasses;
  list.hidden = all === null || !isOfClasses;
  if (all === null) return;
  if (details.open) fillTable();
  if (isOfClasses || window.Plotly) kind().draw(all, shown);
}

function fillTable() {
  details.querySelector('.scroll')?.remove();
  details.append(scrollTable('In metric_log.csv', kind().table(all)));
}

export function mark(prediction, label) {
  shown = {prediction, label};
  if (all !== null) draw();
}

export async function refreshPredictions() {
  try {
    all = await get('/predictions');
    problem = '';
  } catch (error) {
    all = null;
    problem = `The distribution of all predictions is unavailable: ${error.message}`;
  }
  draw();
}

export function startPredictions() {
  details.addEventListener('toggle', () => details.open && all && fillTable());
  if (!isOfClasses) {
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);
    loadPlotly(() => all && draw(), () => box.classList.add('failed'));
  }
  return refreshPredictions();
}
