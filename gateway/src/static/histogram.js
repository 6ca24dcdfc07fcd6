// All predictions of a number as a histogram, and where one of them lies.
import {byId} from './dom.js';
import {axis, CONFIG, layout, lineLabel, plain, readColours, ticks, upright} from './drawing.js';
import {count, counted, round, tenths} from './format.js';
import {schema, target, withUnit} from './schema.js';

const box = byId('predictions');

export const total = ({counts}) => counts.reduce((sum, rows) => sum + rows, 0);

// The share of predictions below a value, as if they lay evenly within a bar.
function shareBelow({edges, counts}, value) {
  const below = counts.map((rows, i) => rows * Math.min(1, Math.max(0, (value - edges[i]) / (edges[i + 1] - edges[i]))));
  return below.reduce((sum, rows) => sum + rows, 0) / total({counts});
}

function quantile(all, share) {
  const {edges, counts} = all;
  let wanted = share * total(all), i = 0;
  while (wanted > counts[i]) wanted -= counts[i++];
  return edges[i] + wanted / counts[i] * (edges[i + 1] - edges[i]);
}

// Where a prediction lies, in words.
export function place(all, prediction) {
  const percent = Math.round(100 * shareBelow(all, prediction));
  const others = `all ${counted(all.rows, 'prediction')}`;
  if (percent <= 0) return `Lower than nearly ${others}.`;
  if (percent >= 100) return `Higher than nearly ${others}.`;
  return `Higher than ${percent} % of ${others}.`;
}

export function words(all, {prediction, label}) {
  const beyond = all.beyond ? ` Too far out to draw: ${counted(all.beyond, 'row')}.` : '';
  const middle = withUnit(`${tenths(quantile(all, 0.25))} to ${tenths(quantile(all, 0.75))}`);
  const bulk = `The middle half of the ${count(total(all))} predictions lies from ${middle}, `
    + `all of them from ${round(all.edges[0])} to ${round(all.edges.at(-1))}.`;
  const labelText = label == null ? '' : `, the dotted one the true value, ${tenths(label)}`;
  const line = prediction == null ? '' : `The line is this prediction, ${tenths(prediction)}${labelText}. `;
  return line + bulk + beyond;
}

function marks(shown, colour, range) {
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
function drawnRange({edges}, shown) {
  const far = 10 * Math.max(...edges.map(Math.abs));
  const drawn = [shown.prediction, shown.label].filter((value) => value != null
    && (!edges.length || Math.abs(value) <= far));
  const ends = [...edges, ...drawn];
  const {least = 0, most = 1} = schema.target;
  if (!ends.length) return [least, most];
  const low = Math.min(...ends), high = Math.max(...ends), margin = 0.02 * (high - low) || 0.1 * Math.abs(high) || 1;
  return [low - margin, high + margin];
}

// As many numbers as have room side by side.
function tickCount(range) {
  const longest = Math.max(...range.map((end) => (Math.abs(end) < 100 ? tenths(end) : count(end)).length));
  return Math.min(8, 1 + Math.floor((box.clientWidth - 84) / (7 * longest + 16)));
}

// The target's title with its unit, cut to the width of the axis.
function axisTitle() {
  const {unit} = schema.target, end = unit ? ` (${unit})` : '';
  const room = Math.max(8, Math.floor((box.clientWidth - 84) / 6.5) - end.length);
  const title = target();
  return plain((title.length > room ? `${title.slice(0, room - 1)}…` : title) + end);
}

export function draw(all, shown) {
  const {edges, counts} = all, colour = readColours();
  const range = drawnRange(all, shown);
  const top = 1.3 * Math.max(1, ...counts);
  const bars = {
    type: 'bar', x: counts.map((_, i) => (edges[i] + edges[i + 1]) / 2), y: counts,
    width: counts.map((_, i) => 0.94 * (edges[i + 1] - edges[i])),
    customdata: counts.map((_, i) => plain(withUnit(`${round(edges[i])} to ${round(edges[i + 1])}`))),
    marker: {color: colour.bars}, hovertemplate: '%{customdata}<br>%{y:,} predictions<extra></extra>',
  };
  window.Plotly.react(box, [bars], layout(colour, {
    bargap: 0,
    xaxis: axis(axisTitle(), colour, {range, showgrid: false, nticks: tickCount(range), tickangle: 0, ...ticks(Math.max(...range.map(Math.abs)))}),
    yaxis: axis('predictions', colour, {range: [0, top], dtick: top < 4 ? 1 : null, nticks: 6}),
    ...marks(shown, colour, range),
  }), CONFIG);
}

export function table({edges, counts}) {
  return {
    head: ['prediction from', 'to below', 'rows'],
    rows: counts.map((number, i) => [round(edges[i]), round(edges[i + 1]), count(number)]),
  };
}
