import {count, setText, tenths} from './format.js';
import {halves} from './numbers.js';

const PARTS = [
  ['service', 'features', 'sends rows, and their labels'],
  ['queue', 'features', 'features → model'],
  ['service', 'model', 'predicts'],
  ['queue', 'y_pred', 'model → metric'],
  ['wire'],
  ['queue', 'y_true.delay', 'labels that wait to be late'],
  ['queue', 'y_true', 'features → metric'],
  ['service', 'metric', 'joins label and prediction by id'],
  ['file', 'metric_log.csv', 'one line a row'],
  ['service', 'plot', 'shows this page'],
  ['queue', 'dead_letters', 'from model and metric: what they cannot use'],
];
const flow = document.getElementById('flow');
const queues = {}, services = {}, most = {};
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
  most[name] = 0;
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

// In steps: were the end of the bar the most seen itself, a growing queue would always look full.
function scaleEnd(number) {
  let end = 20;
  while (end < number) end *= String(end)[0] === '2' ? 2.5 : 2;
  return end;
}

function trendOf(depth, {in_per_second: into, out_per_second: out}) {
  const change = (into ?? 0) - (out ?? 0);
  const clear = Math.max(0.3, 0.05 * (into ?? 0));
  if (depth === 0) return ['empty', 'empty'];
  if (change > clear) return ['grows', `grows by ${tenths(change)} a second`];
  if (change < -clear) return ['drains', `drains by ${tenths(-change)} a second`];
  return ['level', 'level'];
}

function fill(item, values) {
  for (const [name, text] of Object.entries(values)) setText(item.querySelector(`.${name}`), text);
}

function showQueue(name, queue, reachable) {
  const item = queues[name];
  const depth = queue ? queue.ready + queue.unacked : null;
  most[name] = Math.max(most[name], depth ?? 0);
  const end = scaleEnd(most[name]);
  const [trend, words] = queue ? trendOf(depth, queue) : ['unknown', reachable ? 'not there' : 'not known'];
  const unread = queue?.consumers === 0 && ['features', 'y_pred', 'y_true'].includes(name);
  item.dataset.trend = trend;
  item.querySelector('.fill').style.width = `${100 * (depth ?? 0) / end}%`;
  fill(item, {
    depth: count(depth), most: `of ${count(end)}`, words: unread ? `${words}; nobody reads it` : words,
    in: tenths(queue?.in_per_second), out: tenths(queue?.out_per_second),
  });
}

function showService(name, {state = 'unknown', copies = 0} = {}) {
  services[name].dataset.state = state;
  fill(services[name], {word: state, copies: copies > 1 ? `${count(copies)} copies` : ''});
}

export function showPipeline(event) {
  const {reachable, note, warnings} = event.broker;
  const broker = document.getElementById('broker');
  broker.classList.toggle('unreachable', !reachable || warnings.length > 0);
  setText(broker, reachable ? [note, ...warnings].join('. ') : `The broker cannot be asked: ${note}. The queues’ figures are not known.`);
  flow.classList.toggle('delayed', Boolean(event.queues?.['y_true.delay']));
  for (const name in queues) showQueue(name, reachable ? event.queues?.[name] : null, reachable);
  for (const name in services) showService(name, event.services?.[name]);
  fill(services.model, {what: event.model_id ? `predicts, as ${event.model_id}` : 'predicts'});
  fill(services.metric, {pending: event.pending ? `pending: ${halves(event.pending)}` : 'pending halves: –'});
}
