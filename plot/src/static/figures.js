// What Plotly draws: each function gives the traces and the layout of one chart.
import {axis, layout, lineLabel, upright} from './drawing.js';
import {edge} from './format.js';

// Side by side where there is room left of the lower one, else one below the other.
function lineLabels({mae, median}, end, width, colour) {
  const room = Math.min(mae, median) / end * width > 85;
  const lower = room ? 1 : 0.9;
  return [
    lineLabel(median, median < mae ? lower : 1, `median ${median.toFixed(1)}`, colour, room && median < mae),
    lineLabel(mae, mae <= median ? lower : 1, `MAE ${mae.toFixed(1)}`, colour, room && mae <= median),
  ];
}

export function histogram({histogram: {bar_width: width, counts}, summary}, colour, plotWidth) {
  const top = 1.3 * Math.max(1, ...counts);
  const end = counts.length * width;
  const marked = summary.mae != null;
  return {
    traces: [{
      type: 'bar', x: counts.map((_, i) => (i + 0.5) * width), y: counts, width: 0.94 * width,
      customdata: counts.map((_, i) => `${edge(i, width)} to ${edge(i + 1, width)}`),
      marker: {color: colour.bars}, hovertemplate: '%{customdata} points<br>%{y:,} rows<extra></extra>',
    }],
    layout: layout(colour, {
      bargap: 0,
      xaxis: axis('absolute error (points)', colour, {range: [0, end], showgrid: false}),
      yaxis: axis('rows', colour, {range: [0, top], dtick: top < 4 ? 1 : null, nticks: 6}),
      shapes: marked ? [upright(summary.median, colour.median, 'dot'), upright(summary.mae, colour.mae)] : [],
      annotations: marked ? lineLabels(summary, end, plotWidth, colour) : [],
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
        customdata: points.band.map((half) => (half == null ? '' : ` ± ${half.toFixed(1)}`)),
        line: {color: colour.mae, width: 2}, hovertemplate: 'MAE %{y:.1f}%{customdata}<extra></extra>'},
    ],
    layout: layout(colour, {
      hovermode: 'x',
      xaxis: axis('row', colour, {showgrid: false, tickformat: ',d', nticks: 6, ...none}),
      yaxis: axis('MAE (points)', colour, {rangemode: 'tozero', nticks: 6, ...none}),
    }),
  };
}

function squareRange({y_true: truth, y_pred: predicted}) {
  if (!truth.length) return [0, 350];
  const low = Math.min(...truth, ...predicted), high = Math.max(...truth, ...predicted);
  return [Math.floor((low - 10) / 50) * 50, Math.ceil((high + 10) / 50) * 50];
}

function pairMarker({cell, rows}, range, plotWidth, colour) {
  const most = Math.max(1, ...rows);
  if (cell == null) {
    const size = Math.min(0.06, 0.015 * Math.sqrt(most)) * plotWidth;
    return {size: rows, sizemode: 'area', sizeref: most / size ** 2, color: colour.bars, opacity: 0.55, line: {width: 0}};
  }
  const size = Math.max(5, plotWidth * cell / (range[1] - range[0]));
  return {
    size: rows, sizemode: 'area', sizeref: most / size ** 2, sizemin: 2, symbol: 'square', opacity: 1, line: {width: 0},
    color: rows.map(Math.sqrt), colorscale: [[0, colour['bars-faint']], [1, colour.bars]], cmin: 0, cmax: Math.sqrt(most),
  };
}

export function pairs({pairs}, colour, plotWidth) {
  const range = squareRange(pairs);
  const sides = {range, constrain: 'domain', dtick: range[1] - range[0] > 600 ? null : 50};
  return {
    traces: [
      {type: 'scatter', mode: 'lines', x: range, y: range, line: {color: colour.muted, width: 1.5, dash: 'dash'}, hoverinfo: 'skip'},
      {type: 'scatter', mode: 'markers', x: pairs.y_true, y: pairs.y_pred, customdata: pairs.rows,
        marker: pairMarker(pairs, range, plotWidth, colour),
        hovertemplate: 'true %{x:.1f}<br>predicted %{y:.1f}<br>rows %{customdata:,}<extra></extra>'},
    ],
    layout: layout(colour, {
      xaxis: axis('y_true (points)', colour, sides),
      yaxis: axis('y_pred (points)', colour, {...sides, scaleanchor: 'x'}),
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
  const end = mean == null ? 5 : 1.25 * Math.max(1, Math.abs(low), Math.abs(high));
  return {
    traces: mean == null ? [] : [{
      type: 'scatter', mode: 'markers', x: [mean], y: [0], marker: {size: 13, color: colour.bars},
      error_x: {type: 'data', array: [high - mean], arrayminus: [mean - low], thickness: 4, width: 9, color: colour.bars},
      hovertemplate: `%{x:.2f} points<br>${low.toFixed(2)} to ${high.toFixed(2)}<extra></extra>`,
    }],
    layout: layout(colour, {
      margin: {l: 12, r: 12, t: 8, b: 44},
      xaxis: axis('difference (points)', colour, {range: [-end, end], nticks: 7}),
      yaxis: {visible: false, fixedrange: true, range: [-1, 1.4]},
      shapes: [upright(0, colour.muted, 'dash')],
      annotations: [sideLabel(0, '← candidate better', colour), sideLabel(1, 'candidate worse →', colour)],
    }),
  };
}
