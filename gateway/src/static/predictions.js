// All predictions in the log, and where one of them lies.
import {get} from './api.js';
import {axis, CONFIG, layout, lineLabel, loadPlotly, readColours, ticks, upright} from './drawing.js';
import {count, counted, round, setText, tenths} from './format.js';
import {scrollTable} from './table.js';

const box = document.getElementById('predictions');
const caption = document.getElementById('predictions-words');
const details = document.getElementById('predictions-table');
let all = null, shown = {}, problem = '';

const total = ({counts}) => counts.reduce((sum, rows) => sum + rows, 0);

// The share of predictions below a value, as if they lay evenly within a bar.
function shareBelow({edges, counts}, value) {
  const below = counts.map((rows, i) => rows * Math.min(1, Math.max(0, (value - edges[i]) / (edges[i + 1] - edges[i]))));
  return below.reduce((sum, rows) => sum + rows, 0) / total({counts});
}

function quantile(share) {
  const {edges, counts} = all;
  let wanted = share * total(all), i = 0;
  while (wanted > counts[i]) wanted -= counts[i++];
  return edges[i] + wanted / counts[i] * (edges[i + 1] - edges[i]);
}

function rank(value) {
  const percent = Math.round(100 * shareBelow(all, value));
  const others = `all ${counted(all.rows, 'prediction')}`;
  if (percent <= 0) return `Lower than nearly ${others}.`;
  if (percent >= 100) return `Higher than nearly ${others}.`;
  return `Higher than ${percent} % of ${others}.`;
}

// Where a prediction lies, in words; empty while that is not known.
export function placeInWords(prediction) {
  return prediction == null || !all || !total(all) ? '' : rank(prediction);
}

function words() {
  if (problem) return problem;
  if (!total(all)) return 'No predictions in metric_log.csv yet: a row is written once its true value is known.';
  const beyond = all.beyond ? ` Too far out to draw: ${counted(all.beyond, 'row')}.` : '';
  const bulk = `The middle half of the ${count(total(all))} predictions lies from ${tenths(quantile(0.25))} to ${tenths(quantile(0.75))} points, `
    + `all of them from ${round(all.edges[0])} to ${round(all.edges.at(-1))}.`;
  const labelText = shown.label == null ? '' : `, the dotted one the true value, ${tenths(shown.label)}`;
  const line = shown.prediction == null ? '' : `The line is this prediction, ${tenths(shown.prediction)}${labelText}. `;
  return line + bulk + beyond;
}

function marks(colour, range) {
  const lines = [['prediction', shown.prediction, colour.mae, undefined, 1], ['true', shown.label, colour.median, 'dot', 0.88]]
    .filter(([, value]) => value != null && value >= range[0] && value <= range[1]);
  // To the right of its line, unless it would run into the edge or the other line, and the left is free.
  const width = box.clientWidth - 84;
  const at = (value) => width * (value - range[0]) / (range[1] - range[0]);
  const isLeft = (value, text) => {
    const needed = 7 * text.length + 8;
    const ends = [width, ...lines.map(([, other]) => at(other)).filter((other) => other > at(value))];
    return Math.min(...ends) - at(value) < needed && at(value) > needed;
  };
  return {
    shapes: lines.map(([, value, color, dash]) => upright(value, color, dash)),
    annotations: lines.map(([name, value, , , y]) => {
      const text = `${name} ${tenths(value)}`;
      return lineLabel(value, y, text, colour, isLeft(value, text));
    }),
  };
}

// Of the bars, and of what is shown unless it lies ten times as far from zero; then it is told in words.
function drawnRange() {
  const {edges} = all;
  const far = 10 * Math.max(...edges.map(Math.abs));
  const drawn = [shown.prediction, shown.label].filter((value) => value != null
    && (!edges.length || Math.abs(value) <= far));
  const ends = [...edges, ...drawn];
  if (!ends.length) return [0, 350];
  const low = Math.min(...ends), high = Math.max(...ends), margin = 0.02 * (high - low) || 0.1 * Math.abs(high) || 1;
  return [low - margin, high + margin];
}

function figure(colour) {
  const {edges, counts} = all;
  const range = drawnRange();
  const top = 1.3 * Math.max(1, ...counts);
  return {
    traces: [{
      type: 'bar', x: counts.map((_, i) => (edges[i] + edges[i + 1]) / 2), y: counts,
      width: counts.map((_, i) => 0.94 * (edges[i + 1] - edges[i])),
      customdata: counts.map((_, i) => `${round(edges[i])} to ${round(edges[i + 1])}`),
      marker: {color: colour.bars}, hovertemplate: '%{customdata} points<br>%{y:,} predictions<extra></extra>',
    }],
    layout: layout(colour, {
      bargap: 0,
      xaxis: axis('prediction (points)', colour, {range, showgrid: false, nticks: 8, ...ticks(Math.max(...range.map(Math.abs)))}),
      yaxis: axis('predictions', colour, {range: [0, top], dtick: top < 4 ? 1 : null, nticks: 6}),
      ...marks(colour, range),
    }),
  };
}

function draw() {
  setText(caption, words());
  caption.classList.toggle('problem', Boolean(problem));
  box.hidden = details.hidden = all === null;
  if (all === null) return;
  if (details.open) fillTable();
  if (!window.Plotly) return;
  const {traces, layout} = figure(readColours());
  window.Plotly.react(box, traces, layout, CONFIG);
}

function fillTable() {
  const {edges, counts} = all;
  const rows = counts.map((number, i) => [round(edges[i]), round(edges[i + 1]), count(number)]);
  details.querySelector('.scroll')?.remove();
  details.append(scrollTable('In metric_log.csv', {head: ['prediction from', 'to below', 'rows'], rows}));
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
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);
  loadPlotly(() => all && draw(), () => box.classList.add('failed'));
  return refreshPredictions();
}
