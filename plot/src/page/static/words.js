// The charts in words and as tables.
import {count, counted, edge, points, round, signedPoints, tenths} from './format.js';

const NONE = 'No rows yet.';

export function histogramWords({summary, histogram}) {
  if (!summary.rows) return NONE;
  const note = histogram.note ? ` (${histogram.note})` : '';
  return `Half of the errors are below ${tenths(summary.median ?? Infinity)} points, nine in ten below ${tenths(summary.p90 ?? Infinity)}. `
    + `The mean, the MAE, is ${tenths(summary.mae ?? Infinity)}${note}.`;
}

export function histogramTable({histogram: {bar_width: width, counts}}) {
  return {
    head: ['error from', 'to below', 'rows'],
    rows: counts.map((number, i) => [edge(i, width), edge(i + 1, width), count(number)]),
  };
}

// JSON has no number for one beyond all of them.
const maeOf = ({mae}) => mae.map((value) => value ?? Infinity);

export function trendWords({trend}, span) {
  const {window, rows, band} = trend[span];
  if (!rows.length) return NONE;
  const mae = maeOf(trend[span]);
  const half = band.at(-1) == null ? '' : ` ± ${tenths(band.at(-1))}`;
  const over = span === 'all' ? 'all rows' : `the last ${count(Number(span))} rows`;
  return `The MAE of ${count(window)} rows at a time is now ${tenths(mae.at(-1))}${half} points; `
    + `over ${over} it went between ${tenths(Math.min(...mae))} and ${tenths(Math.max(...mae))}.`;
}

export function trendTable({trend}, span) {
  const {rows, band} = trend[span], mae = maeOf(trend[span]);
  return {
    head: ['row', 'MAE', '± (95 %)'],
    rows: rows.map((row, i) => [count(row), points(mae[i]), points(band[i])]),
  };
}

// Of a model that gives no name, as one of your own may, only its part is said.
const called = (part, {model_id: name}) => (name ? `The ${part} ${name}` : `The ${part}`);

// One that is better by 1.9 points (0.8 to 3.0): a minus would be one more thing to understand.
function size({mean, low, high}) {
  const ends = [low, high].map(Math.abs).sort((a, b) => a - b);
  return `${tenths(Math.abs(mean))} points (${tenths(ends[0])} to ${tenths(ends[1])}) on average`;
}

export function verdictWords({rows, rows_needed: needed, candidate, difference, verdict}) {
  const subject = called('candidate', candidate);
  const say = {
    failing: () => `${subject} gave no number on some rows: it cannot be called better.`,
    'too few rows': () => `Too few rows to tell: ${count(rows)} of ${count(needed)}.`,
    better: () => `${subject} is better: its error is smaller by ${size(difference)}.`,
    worse: () => `${subject} is worse: its error is larger by ${size(difference)}.`,
    equal: () => `${subject} is as good as the live model: their mean errors are the same to a thousandth.`,
    unclear: () => 'No difference can be told yet.',
  };
  return say[verdict]();
}

export function failedWords({rows, failed}) {
  return failed > 0 && `No number of the candidate on ${count(failed)} of ${counted(rows + failed, 'row')}: they are in neither mean.`;
}

export function differenceWords({shadow}) {
  if (!shadow) return '';
  const {rows, difference} = shadow;
  if (!difference) return 'The difference is shown once there are enough rows.';
  return `Over ${counted(rows, 'row')} the difference is ${signedPoints(difference.mean)} points on average, `
    + `with 95 % confidence between ${signedPoints(difference.low)} and ${signedPoints(difference.high)}.`;
}

function meanOf(values, weights) {
  const weight = weights.reduce((sum, w) => sum + w, 0);
  return weight ? values.reduce((sum, value, i) => sum + value * weights[i], 0) / weight : null;
}

function lean(mean, typical) {
  return Math.abs(mean) <= typical / 1000 ? 'neither too high nor too low' : `${tenths(Math.abs(mean))} points too ${mean > 0 ? 'high' : 'low'}`;
}

export function pairsWords({pairs: {cell, y_true: truth, y_pred: predicted, rows, beyond}}) {
  if (!truth.length) return NONE;
  const middle = meanOf(truth, rows);
  const leanWhere = (holds) => {
    const at = truth.map((_, i) => i).filter((i) => holds(truth[i]));
    const differences = at.map((i) => predicted[i] - truth[i]), weights = at.map((i) => rows[i]);
    const mean = meanOf(differences, weights);
    return mean == null ? null : lean(mean, meanOf(differences.map(Math.abs), weights));
  };
  const low = leanWhere((value) => value < middle), high = leanWhere((value) => value >= middle);
  const below = low ? `On average, true values below ${tenths(middle)} are predicted ${low}, those above it ${high}.`
    : `On average, the predictions are ${high}.`;
  const squares = cell == null ? '' : ` A square holds the rows of ${round(cell)} × ${round(cell)} points.`;
  return below + squares + (beyond ? ` Too far out to be drawn: ${counted(beyond, 'row')}.` : '');
}

export function pairsTable({pairs: {y_true: truth, y_pred: predicted, rows}}) {
  return {
    head: ['true', 'predicted', 'rows'],
    rows: truth.map((value, i) => [points(value), points(predicted[i]), count(rows[i])]),
  };
}
