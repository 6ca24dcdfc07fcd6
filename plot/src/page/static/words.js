// The charts in words and as tables.
import {MEAN, isOfClasses, withUnit} from './about.js';
import {count, counted, edge, points, round, signedPoints, tenths} from './format.js';
import {verdictInWords} from './verdict.js';

const NONE = 'No rows yet.';

export function histogramWords({summary, histogram}) {
  if (!summary.rows) return NONE;
  const note = histogram.note ? ` (${histogram.note})` : '';
  return `Half of the errors are below ${withUnit(tenths(summary.median ?? Infinity))}, nine in ten below ${tenths(summary.p90 ?? Infinity)}. `
    + `The mean${isOfClasses ? '' : ' (MAE)'} is ${tenths(summary.mae ?? Infinity)}${note}.`;
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
  return `The rolling ${MEAN} over ${count(window)} rows is now ${withUnit(`${tenths(mae.at(-1))}${half}`)}; `
    + `over ${over} it ranged from ${tenths(Math.min(...mae))} to ${tenths(Math.max(...mae))}.`;
}

export function trendTable({trend}, span) {
  const {rows, band} = trend[span], mae = maeOf(trend[span]);
  return {
    head: ['row', MEAN, '± (95 %)'],
    rows: rows.map((row, i) => [count(row), points(mae[i]), points(band[i])]),
  };
}

export const verdictWords = (shadow) => verdictInWords(shadow, {isOfClasses, withUnit});

export function failedWords({rows, failed}) {
  return failed > 0 && `The shadow model failed on ${count(failed)} of ${counted(rows + failed, 'row')}; neither mean includes them.`;
}

export function onlyWords({candidate, live}) {
  const models = [candidate.classes_only && 'The shadow model', live.classes_only && 'The live model'].filter(Boolean);
  if (!models.length) return '';
  const both = models.length > 1;
  return `${both ? 'Both models tell' : `${models[0]} tells`} classes only, without probabilities: `
    + `${both ? 'their scores are their shares' : 'its score is its share'} of wrong rows.`;
}

export function differenceWords({shadow}) {
  if (!shadow) return '';
  const {rows, difference} = shadow;
  if (!difference) return 'The difference is shown once there are enough rows.';
  return `Over ${counted(rows, 'row')} the difference is ${withUnit(signedPoints(difference.mean))} on average, `
    + `with 95 % confidence between ${signedPoints(difference.low)} and ${signedPoints(difference.high)}.`;
}

function meanOf(values, weights) {
  const weight = weights.reduce((sum, w) => sum + w, 0);
  return weight ? values.reduce((sum, value, i) => sum + value * weights[i], 0) / weight : null;
}

function lean(mean, typical) {
  return Math.abs(mean) <= typical / 1000 ? 'neither too high nor too low' : `${withUnit(tenths(Math.abs(mean)))} too ${mean > 0 ? 'high' : 'low'}`;
}

export function pairsWords({pairs: {cell, y_true: labels, y_pred: predicted, rows, beyond}}) {
  if (!labels.length) return NONE;
  const middle = meanOf(labels, rows);
  const leanWhere = (holds) => {
    const at = labels.map((_, i) => i).filter((i) => holds(labels[i]));
    const differences = at.map((i) => predicted[i] - labels[i]), weights = at.map((i) => rows[i]);
    const mean = meanOf(differences, weights);
    return mean == null ? null : lean(mean, meanOf(differences.map(Math.abs), weights));
  };
  const low = leanWhere((value) => value < middle), high = leanWhere((value) => value >= middle);
  const below = low ? `On average, labels below ${tenths(middle)} are predicted ${low}, those above it ${high}.`
    : `On average, the predictions are ${high}.`;
  const squares = cell == null ? '' : ` A square holds the rows of ${withUnit(`${round(cell)} × ${round(cell)}`)}.`;
  return below + squares + (beyond ? ` Too far out to be drawn: ${counted(beyond, 'row')}.` : '');
}

export function pairsTable({pairs: {y_true: labels, y_pred: predicted, rows}}) {
  return {
    head: ['label', 'prediction', 'rows'],
    rows: labels.map((value, i) => [points(value), points(predicted[i]), count(rows[i])]),
  };
}
