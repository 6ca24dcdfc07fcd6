// The prediction: a number with its unit, or a class with the probabilities of all.
import {showBars} from './bars.js';
import {byId} from './dom.js';
import {counted, percent, points, setText} from './format.js';
import {isOfClasses, schema} from './schema.js';

const MAX_SHOWN = 8; // probabilities; the rest is summed
const LONG = 24; // characters of a class that is too long for the largest letters
const list = byId('probabilities');

// The largest first; of equal ones that which comes first in the schema.
function itemsOf(probabilities) {
  const all = Object.entries(probabilities).sort(([a, p], [b, q]) => q - p || schema.target.classes.indexOf(a) - schema.target.classes.indexOf(b));
  const shown = all.length > MAX_SHOWN ? all.slice(0, MAX_SHOWN - 1) : all;
  const items = shown.map(([name, p]) => ({name, text: percent(p), share: p}));
  const rest = all.slice(shown.length);
  if (!rest.length) return items;
  const sum = Math.min(1, rest.reduce((total, [, p]) => total + p, 0));
  return [...items, {name: counted(rest.length, 'other class', 'other classes'), text: percent(sum), share: sum, isSum: true}];
}

export function showAnswer({prediction, probabilities}) {
  const text = isOfClasses ? prediction ?? '–' : points(prediction);
  setText(byId('prediction'), text);
  byId('prediction').classList.toggle('long', text.length > LONG);
  setText(byId('prediction-unit'), (prediction != null && schema.target.unit) || '');
  list.hidden = !probabilities;
  showBars(list, probabilities ? itemsOf(probabilities) : []);
}
