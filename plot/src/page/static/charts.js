import {isOfClasses} from './about.js';
import {CONFIG, loadPlotly, readColours} from './drawing.js';
import {difference, histogram, pairs, trend} from './figures.js';
import {setText, time} from './format.js';
import {scrollTable} from './table.js';
import {differenceWords, histogramTable, histogramWords, pairsTable, pairsWords, trendTable, trendWords} from './words.js';

const PAUSE_IN_MS = 500;
const UNSEEN_PAUSE_IN_MS = 5000; // for a chart out of sight: also there it is no older, as in a screenshot of the whole page
const charts = [
  chart('histogram', histogram, histogramWords, histogramTable),
  chart('trend', (event, colour) => trend(event, colour, span), (event) => trendWords(event, span), (event) => trendTable(event, span)),
  ...isOfClasses ? [] : [chart('pairs', pairs, pairsWords, pairsTable)],
  chart('difference', difference, differenceWords),
];
let span = document.querySelector('#span input:checked').value;
let latest = null, timer = null, lastDrawn = 0, loading = false;

function chart(name, figure, words, table) {
  const byId = (end) => document.getElementById(name + end);
  const it = {box: byId(''), caption: byId('-words'), details: byId('-table'), figure, words, table, due: false, seen: false, drawn: -Infinity};
  it.details?.addEventListener('toggle', () => it.details.open && latest && fillTable(it));
  return it;
}

function fillTable(it) {
  const frame = scrollTable(`As of ${time(latest.now_in_ms)}`, it.table(latest));
  it.details.querySelector('.scroll')?.remove();
  it.details.append(frame);
}

// Of the plot itself, without the margins of the layout; of a square one, its side.
function sizeOf(box) {
  const width = box.clientWidth - 84;
  return box.classList.contains('square') ? Math.min(width, box.clientHeight - 52) : width;
}

function draw(it, colour) {
  const {traces, layout} = it.figure(latest, colour, sizeOf(it.box));
  window.Plotly.react(it.box, traces, layout, CONFIG);
  it.due = false;
  it.drawn = performance.now();
}

function drawDue() {
  timer = null;
  if (!latest || document.hidden) return;
  lastDrawn = performance.now();
  const colour = readColours();
  for (const it of charts) {
    setText(it.caption, it.words(latest));
    if (window.Plotly && it.due && (it.seen || lastDrawn - it.drawn > UNSEEN_PAUSE_IN_MS)) draw(it, colour);
  }
}

function drawSoon() {
  timer ??= setTimeout(drawDue, Math.max(0, lastDrawn + PAUSE_IN_MS - performance.now()));
}

function redrawAll() {
  for (const it of charts) it.due = true;
  drawSoon();
}

export function showCharts(event) {
  latest = event;
  redrawAll();
}

export function loadCharts() {
  if (loading) return;
  loading = true;
  loadPlotly(redrawAll, () => charts.forEach((it) => it.box.classList.add('failed')));
}

const observer = new IntersectionObserver((entries) => {
  for (const entry of entries) charts.find((it) => it.box === entry.target).seen = entry.isIntersecting;
  drawSoon();
});
for (const it of charts) observer.observe(it.box);

document.getElementById('span').addEventListener('change', (event) => {
  span = event.target.value;
  const trendChart = charts[1];
  trendChart.due = true;
  lastDrawn = 0;
  drawSoon();
  if (trendChart.details.open && latest) fillTable(trendChart);
});
document.addEventListener('visibilitychange', drawSoon);
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redrawAll);
