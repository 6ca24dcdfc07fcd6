import {get, newKey} from './api.js';
import {fill, makeFields, read, showProblems} from './fields.js';
import {send, showAgain, startJob} from './job.js';
import {startPredictions} from './predictions.js';
import {startRecent} from './recent.js';

const form = document.getElementById('patient');
const problem = document.getElementById('patient-problem');
let known = null; // the label of the patient in the form, as long as nobody changes a value

function showProblem(text) {
  problem.textContent = text;
  problem.hidden = !text;
}

async function randomPatient() {
  try {
    const {values, label} = await get('/patients/random');
    fill(form, values);
    known = label;
    showProblem('');
  } catch (error) {
    showProblem(error.message);
  }
}

function showInvalid(error) {
  const others = Array.isArray(error.detail) ? showProblems(form, error.detail) : [error.message];
  showProblem(others.join(' '));
}

form.addEventListener('input', () => { known = null; });
form.addEventListener('submit', (event) => {
  event.preventDefault();
  showProblem('');
  send(read(form), known, newKey(), showInvalid);
});
document.getElementById('random').addEventListener('click', randomPatient);

async function start() {
  const [columns, links] = await Promise.all([get('/columns'), get('/links')]);
  makeFields(columns);
  for (const link of document.querySelectorAll('.to-live-page')) link.href = links.live_page;
  startJob(links.live_page);
  await Promise.all([startPredictions(), startRecent(showAgain)]);
}

start().catch((error) => showProblem(error.message));
