import {count, setText, tenths, time} from './format.js';
import {halves} from './numbers.js';

const PARTS = [
  ['service', 'features', 'sends rows and their labels'],
  ['queue', 'features', 'features → model'],
  ['service', 'model', 'predicts'],
  ['queue', 'y_pred', 'model → metric'],
  ['wire'],
  ['queue', 'y_true.delay', 'labels held back'],
  ['queue', 'y_true', 'features → metric'],
  ['service', 'metric', 'joins label and prediction by id'],
  ['file', 'metric_log.csv', 'one line per row'],
  ['service', 'plot', 'serves this page'],
  ['queue', 'dead_letters', 'messages that could not be used'],
];
const flow = document.getElementById('flow');
const GONE_IN_MS = 600000;
const queues = {}, services = {}, deepest = {}, seen = {};
for (const part of PARTS) add(...part);

function add(kind, name, words) {
  const item = {service: addService, queue: addQueue, file: addFile, wire: addWire}[kind](name, words);
  if (name) item.id = `${kind}-${name.replace('.', '-')}`;
  flow.append(item);
}

function copy(template, name) {
  const item = document.getElementById(template).content.firstElementChild.cloneNode(true);
  item.querySelector('strong').textContent = name;
  return item;
}

function addService(name, words) {
  const item = copy('service', name);
  item.querySelector('.what').textContent = words;
  return services[name] = item;
}

function addQueue(name, words) {
  const item = copy('queue', name);
  item.querySelector('.route').textContent = words;
  deepest[name] = 0;
  return queues[name] = item;
}

function addFile(name, words) {
  const item = document.createElement('li');
  item.className = 'file';
  const strong = document.createElement('strong');
  strong.textContent = name;
  item.append(strong, Object.assign(document.createElement('span'), {className: 'what', textContent: words}));
  return item;
}

function addWire() {
  const item = document.createElement('li');
  item.className = 'wire';
  item.setAttribute('aria-hidden', 'true');
  return item;
}

// In steps: if the bar ended at the greatest depth seen, a growing queue would always look full.
function scaleEnd(number) {
  let end = 20;
  while (end < number) end *= String(end)[0] === '2' ? 2.5 : 2;
  return end;
}

// Trends that need attention; queue_trend.py judges.
const ORANGE = ['behind', 'unread', 'arriving', 'broken'];

function wordsOf(name, {change, change_seconds: seconds, in_per_second: into, consumers, state}, trend) {
  const by = `by ${tenths(seconds ? Math.abs(change) / seconds : 0)} a second`;
  return {
    unknown: 'too new to tell',
    empty: consumers === 0 && name !== 'dead_letters' ? 'empty; no consumer' : 'empty',
    level: name === 'dead_letters' ? 'none new' : 'steady',
    drains: `drains ${by}`,
    behind: `falls behind ${by}`,
    unread: into > 0 ? `no consumer; grows by ${tenths(into)} a second` : 'no consumer',
    arriving: `${count(change)} new in ${count(seconds)} s`,
    held: 'held back by LABEL_DELAY',
    broken: `unusable: ${state}`,
  }[trend];
}

function fill(item, values) {
  for (const [name, text] of Object.entries(values)) setText(item.querySelector(`.${name}`), text);
}

// The broker does not tell the depth of a broken queue.
function depthOf(queue) {
  return queue && !queue.state ? queue.ready + queue.unacked : null;
}

function showQueue(name, queue, reachable) {
  const item = queues[name];
  const depth = depthOf(queue);
  deepest[name] = Math.max(deepest[name], depth ?? 0);
  const end = scaleEnd(deepest[name]);
  const trend = queue?.state ? 'broken' : queue?.trend ?? 'unknown';
  item.dataset.trend = trend;
  item.classList.toggle('orange', ORANGE.includes(trend));
  item.querySelector('.fill').style.width = `${100 * (depth ?? 0) / end}%`;
  fill(item, {
    depth: count(depth), most: `of ${count(end)}`,
    words: queue ? wordsOf(name, queue, trend) : reachable ? 'does not exist' : 'unknown',
    in: tenths(queue?.in_per_second), out: tenths(queue?.out_per_second),
  });
}

// A lost copy is shown for some minutes: it may be news to whoever looks.
function noteCopies(name, copies, now) {
  const last = seen[name] ?? {copies, gone: 0, since: now};
  const gone = now - last.since > GONE_IN_MS ? 0 : last.gone;
  const fewer = Math.max(0, gone + last.copies - copies);
  return seen[name] = {copies, gone: fewer, since: copies < last.copies ? now : last.since};
}

function copiesWords({copies, gone, since}) {
  const all = copies + gone;
  if (all < 2) return '';
  return gone ? `${count(copies)} of ${count(all)} copies since ${time(since)}` : `${count(copies)} copies`;
}

function showService(name, {state = 'unknown', copies = 0} = {}, now) {
  const item = services[name];
  item.dataset.state = state;
  const noted = state === 'unknown' ? {copies: 0, gone: 0} : noteCopies(name, copies, now);
  item.classList.toggle('fewer', noted.gone > 0 && copies > 0);
  fill(item, {word: state, copies: copiesWords(noted)});
}

const sentence = (text) => `${text[0].toUpperCase()}${text.slice(1)}.`;

export function showPipeline(event) {
  const {reachable, note, warnings} = event.broker;
  const broker = document.getElementById('broker');
  broker.classList.toggle('unreachable', !reachable || warnings.length > 0);
  const words = warnings.length ? [note, ...warnings].map(sentence).join(' ') : note;
  setText(broker, reachable ? words : `The broker’s state is unknown: ${note}.`);
  flow.classList.toggle('delayed', Boolean(event.queues?.['y_true.delay']));
  for (const name in queues) showQueue(name, reachable ? event.queues?.[name] : null, reachable);
  for (const name in services) showService(name, event.services?.[name], event.now_in_ms);
  fill(services.model, {what: event.model_id ? `predicts, as ${event.model_id}` : 'predicts'});
  fill(services.metric, {pending: event.pending ? `pending: ${halves(event.pending)}` : 'pending halves: –'});
}
