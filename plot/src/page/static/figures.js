// What Plotly draws: each function gives the traces and the layout of one chart.
import {MEAN, isOfClasses, titled, withUnit} from './about.js';
import {axis, layout, lineLabel, plain, ticks, upright} from './drawing.js';
import {count, edge, points as written, tenths} from './format.js';

const widthOf = (text) => 7.2 * text.length;

// A line within the axis, and its label beside it; what lies further out is named at the end of the axis.
function marks({rows, mae, median}, end, width, colour) {
  if (!rows) return {shapes: [], annotations: []};
  const all = [['median', median ?? Infinity, colour.median, 'dot'], [isOfClasses ? 'mean' : 'MAE', mae ?? Infinity, colour.mae]]
    .map(([name, value, color, dash]) => ({value, color, dash, text: `${name} ${tenths(value)}`}));
  const near = all.filter(({value}) => value <= end).sort((a, b) => a.value - b.value);
  const far = all.filter(({value}) => value > end);
  return {
    shapes: near.map(({value, color, dash}) => upright(value, color, dash)),
    annotations: [
      ...near.map((mark, i) => nearLabel(near, i, end, width, colour)),
      ...far.map(({text}, i) => lineLabel(end, 0.9 + 0.1 * i, `${text} →`, colour, true)),
    ],
  };
}

// Side by side where there is room left of the lower one, else one below the other.
function nearLabel(near, i, end, width, colour) {
  const {value, text} = near[i];
  const left = value / end * width > widthOf(text) + 8;
  if (near.length === 1) return lineLabel(value, 1, text, colour, left && value > 0.75 * end);
  const besides = near[0].value / end * width > widthOf(near[0].text) + 8;
  return lineLabel(value, i || besides ? 1 : 0.9, text, colour, !i && besides);
}

export function histogram({histogram: {bar_width: width, counts}, summary}, colour, plotWidth) {
  const top = 1.3 * Math.max(1, ...counts);
  const end = counts.length * width;
  return {
    traces: [{
      type: 'bar', x: counts.map((_, i) => (i + 0.5) * width), y: counts, width: 0.94 * width,
      customdata: counts.map((_, i) => plain(withUnit(`${edge(i, width)} to ${edge(i + 1, width)}`))),
      marker: {color: colour.bars}, hovertemplate: '%{customdata}<br>%{y:,} rows<extra></extra>',
    }],
    layout: layout(colour, {
      bargap: 0,
      xaxis: axis(isOfClasses ? 'error (1 − p of the true class)' : titled('absolute error'), colour, {range: [0, end], showgrid: false, nticks: 8, ...ticks(end)}),
      yaxis: axis('rows', colour, {range: [0, top], dtick: top < 4 ? 1 : null, nticks: 6}),
      ...marks(summary, end, plotWidth, colour),
    }),
  };
}

function bandOutline({rows, mae, band}) {
  const at = rows.map((_, i) => i).filter((i) => band[i] != null);
  const back = at.toReversed();
  return {
    x: [...at, ...back].map((i) => rows[i]),
    y: [...at.map((i) => mae[i] + band[i]), ...back.map((i) => Math.max(0, mae[i] - band[i]))],
  };
}

export function trend({trend}, colour, span) {
  const points = trend[span];
  const none = points.rows.length ? {} : {range: [0, 100]};
  return {
    traces: [
      {type: 'scatter', mode: 'lines', ...bandOutline(points), fill: 'toself', fillcolor: colour['mae-band'],
        line: {width: 0}, hoverinfo: 'skip'},
      {type: 'scatter', mode: points.rows.length < 2 ? 'markers' : 'lines', x: points.rows, y: points.mae,
        customdata: points.band.map((half, i) => `${tenths(points.mae[i])}${half == null ? '' : ` ± ${tenths(half)}`}`),
        line: {color: colour.mae, width: 2}, hovertemplate: `${MEAN} %{customdata}<extra></extra>`},
    ],
    layout: layout(colour, {
      hovermode: 'x',
      xaxis: axis('row', colour, {showgrid: false, tickformat: ',d', nticks: 6, ...none}),
      yaxis: axis(titled(MEAN), colour, {rangemode: 'tozero', nticks: 6, ...ticks(Math.max(...points.mae)), ...none}),
    }),
  };
}

function squareRange({cell, y_true: labels, y_pred: predicted}) {
  if (!labels.length) return [0, 350];
  const low = Math.min(...labels, ...predicted), high = Math.max(...labels, ...predicted);
  const margin = 0.05 * (high - low) + (cell ?? 0) / 2 || 0.1 * Math.abs(high) || 1;
  return [low - margin, high + margin];
}

function pairMarker({cell, rows}, range, plotWidth, colour) {
  const max = Math.max(1, ...rows);
  if (cell == null) {
    const size = Math.min(0.06, 0.015 * Math.sqrt(max)) * plotWidth;
    return {size: rows, sizemode: 'area', sizeref: max / size ** 2, color: colour.bars, opacity: 0.55, line: {width: 0}};
  }
  const size = Math.max(5, plotWidth * cell / (range[1] - range[0]));
  return {
    size: rows, sizemode: 'area', sizeref: max / size ** 2, sizemin: 2, symbol: 'square', opacity: 1, line: {width: 0},
    color: rows.map(Math.sqrt), colorscale: [[0, colour['bars-faint']], [1, colour.bars]], cmin: 0, cmax: Math.sqrt(max),
  };
}

export function pairs({pairs}, colour, plotWidth) {
  const range = squareRange(pairs);
  const sides = {range, constrain: 'domain', nticks: 7, ...ticks(Math.max(...range.map(Math.abs)))};
  const place = (i) => `label ${written(pairs.y_true[i])}<br>prediction ${written(pairs.y_pred[i])}<br>rows ${count(pairs.rows[i])}`;
  return {
    traces: [
      {type: 'scatter', mode: 'lines', x: range, y: range, line: {color: colour.muted, width: 1.5, dash: 'dash'}, hoverinfo: 'skip'},
      {type: 'scatter', mode: 'markers', x: pairs.y_true, y: pairs.y_pred, customdata: pairs.rows.map((_, i) => place(i)),
        marker: pairMarker(pairs, range, plotWidth, colour),
        hovertemplate: '%{customdata}<extra></extra>'},
    ],
    layout: layout(colour, {
      xaxis: axis(titled('y_true'), colour, sides),
      yaxis: axis(titled('y_pred'), colour, {...sides, scaleanchor: 'x'}),
    }),
  };
}

function sideLabel(x, text, colour) {
  return {
    x, y: 1, xref: 'paper', yref: 'paper', xanchor: x ? 'right' : 'left', yanchor: 'top',
    text, showarrow: false, bgcolor: colour.surface, font: {size: 12, color: colour.muted},
  };
}

// Zero is in the middle: on which side of it the interval lies is to be seen at once.
export function difference({shadow}, colour) {
  const {mean, low, high} = shadow?.difference ?? {};
  const end = mean == null ? 5 : 1.25 * Math.max(Math.abs(low), Math.abs(high)) || 1;
  return {
    traces: mean == null ? [] : [{
      type: 'scatter', mode: 'markers', x: [mean], y: [0], marker: {size: 13, color: colour.bars},
      customdata: [plain(withUnit(written(mean)))],
      error_x: {type: 'data', array: [high - mean], arrayminus: [mean - low], thickness: 4, width: 9, color: colour.bars},
      hovertemplate: `%{customdata}<br>${written(low)} to ${written(high)}<extra></extra>`,
    }],
    layout: layout(colour, {
      margin: {l: 12, r: 12, t: 8, b: 44},
      xaxis: axis(titled('difference'), colour, {range: [-end, end], nticks: 7, ...ticks(end)}),
      yaxis: {visible: false, fixedrange: true, range: [-1, 1.4]},
      shapes: [upright(0, colour.muted, 'dash')],
      annotations: [sideLabel(0, '← shadow better', colour), sideLabel(1, 'shadow worse →', colour)],
    }),
  };
}
