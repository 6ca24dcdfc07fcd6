import {get, newKey} from './api.js';
import {byId} from './dom.js';
import {fill, makeFields, read, showProblems} from './fields.js';
import {send, showAgain, startJob} from './job.js';
import {startPredictions} from './predictions.js';
import {startRecent} from './recent.js';
import {fitWords, loadSchema, schema} from './schema.js';

const form = byId('row'), problem = byId('row-problem');
let known = null; // the label of the row in the form, as long as nobody changes a value

function showProblem(text) {
  problem.textContent = text;
  problem.hidden = !text;
}

async function randomRow() {
  try {
    const {values, label} = await get('/rows/random');
    fill(values);
    known = label;
    showProblem('');
  } catch (error) {
    showProblem(error.message);
  }
}

function showInvalid(error) {
  const others = Array.isArray(error.detail) ? showProblems(error.detail) : [error.message];
  showProblem(others.join(' '));
}

form.addEventListener('input', () => { known = null; });
form.addEventListener('submit', (event) => {
  event.preventDefault();
  showProblem('');
  send(read(), known, newKey(), showInvalid);
});
byId('random').addEventListener('click', randomRow);

async function start() {
  const [links] = await Promise.all([get('/links'), loadSchema()]);
  fitWords();
  makeFields(schema.columns);
  for (const link of document.querySelectorAll('.to-live-page')) link.href = links.live_page;
  startJob(links.live_page);
  await Promise.all([startPredictions(), startRecent(showAgain)]);
}

start().catch((error) => showProblem(error.message));
