// How often each class was predicted, and where one prediction and its true class are.
import {showBars} from './bars.js';
import {byId} from './dom.js';
import {count, counted, percent} from './format.js';

const MAX_SHOWN = 12; // classes, of more the most frequent
const list = byId('class-counts');

export const total = ({rows}) => rows;

const countOf = ({classes, counts}, name) => counts[classes.indexOf(name)] ?? 0;

export function place(all, prediction) {
  return `${percent(countOf(all, prediction) / all.rows)} of all ${counted(all.rows, 'prediction')} are of this class.`;
}

export function words(all, {label, prediction}) {
  const most = all.counts.indexOf(Math.max(...all.counts));
  const missed = label != null && label !== prediction ? ` The true class was predicted ${counted(countOf(all, label), 'time')}.` : '';
  return `The most frequent class is ${all.classes[most]}: ${count(all.counts[most])} of ${counted(all.rows, 'prediction')}.${missed}`;
}

// In the order of the schema; of many classes the most frequent, and those that are marked.
function shownOf({classes, counts}, marked) {
  const all = classes.map((name, i) => ({name, number: counts[i]}));
  if (all.length <= MAX_SHOWN) return all;
  const wanted = all.toSorted((a, b) => b.number - a.number).slice(0, MAX_SHOWN - 1);
  return all.filter((each) => wanted.includes(each) || marked.includes(each.name));
}

export function draw(all, {prediction, label}) {
  const shown = shownOf(all, [prediction, label]);
  const rest = all.classes.length - shown.length;
  const sum = all.rows - shown.reduce((rows, {number}) => rows + number, 0);
  const largest = Math.max(1, sum, ...all.counts);
  const marksOf = (name) => [name === prediction && 'prediction', name === label && 'true'].filter(Boolean);
  const items = shown.map(({name, number}) => ({name, text: count(number), share: number / largest, marks: marksOf(name)}));
  const others = {name: counted(rest, 'other class', 'other classes'), text: count(sum), share: sum / largest, isSum: true};
  showBars(list, rest ? [...items, others] : items);
}

export function table({classes, counts, rows}) {
  return {
    head: ['class', 'predictions', 'share'],
    rows: classes.map((name, i) => [name, count(counts[i]), rows ? percent(counts[i] / rows) : '–']),
  };
}
