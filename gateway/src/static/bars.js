// A list of names, each with a bar and a number: it is read as text, and needs no chart.
import {make} from './dom.js';

// Of each its name, its number as text, the share of the bar that is full, and marks: a word of each.
export function showBars(list, items) {
  list.replaceChildren(...items.map(({name, text, share, marks = [], isSum = false}) => {
    const fill = make('span', 'fill');
    fill.style.setProperty('width', `${100 * share}%`);
    const label = make('span', 'name', name, ...marks.flatMap((mark) => [' ', make('span', `mark ${mark}`, mark)]));
    return make('li', isSum ? 'sum' : marks.join(' '), label, make('span', 'track', fill), make('span', 'value', text));
  }));
}
