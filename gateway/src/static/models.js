// The page of the models: loads them, and keeps up with what others change.
import {get} from './api.js';
import {openChange, startChanges} from './change_dialog.js';
import {byId} from './dom.js';
import {setText} from './format.js';
import {showModels} from './model_rows.js';
import {canRollBack, showRollout} from './rollout.js';
import {isDefault, isOfClasses, loadSchema, schema} from './schema.js';
import {showShadow} from './shadow_verdict.js';
import {startTrainForm} from './train_form.js';
import {startTrainings} from './trainings.js';

const PAUSE_IN_MS = 3000;
const MODELS_EVERY = 5; // looks at the changes: the errors on live rows grow slowly
const JSON_ONLY = {headers: {Accept: 'application/json'}}; // a browser gets this page at that path
let looks = 0, shownChange = null, wake = () => {};

function showLost(text) {
  byId('lost').hidden = !text;
  setText(byId('lost'), text);
}

async function refreshModels(changes) {
  const found = await get('/models', JSON_ONLY);
  showModels(found, {canRollBack: canRollBack(changes), onAction: openChange});
  await showShadow(found);
}

async function look(all) {
  const found = await get('/changes');
  showRollout(found);
  const latest = found.changes[0]?.number ?? 0;
  if (all || latest !== shownChange || looks % MODELS_EVERY === 0) await refreshModels(found.changes);
  shownChange = latest;
  looks += 1;
}

export async function refresh(all = true) {
  try {
    await look(all);
    showLost('');
  } catch (error) {
    showLost(`${error.message} What is shown may be out of date; trying again.`);
  }
}

// Resolves after a pause, or as soon as the page is seen again.
function pause() {
  return new Promise((resolve) => {
    wake = resolve;
    setTimeout(() => document.hidden || resolve(), PAUSE_IN_MS);
  });
}

async function keepUp() {
  for (;;) {
    await refresh(false);
    await pause();
  }
}

function fitWords() {
  if (!isDefault) document.querySelector('h1').textContent = document.title = `${schema.title || schema.name}: models`;
  if (isOfClasses) byId('about').textContent = 'The half Brier score decides whether a promotion is refused: from 0 to 1, less is better.';
}

async function start() {
  const [links] = await Promise.all([get('/links'), loadSchema()]);
  fitWords();
  for (const link of document.querySelectorAll('.to-live-page')) link.href = links.live_page;
  byId('to-shadow').href = `${links.live_page}#shadow`;
  startChanges(refresh);
  startTrainForm();
  startTrainings(refresh);
  document.addEventListener('visibilitychange', () => document.hidden || wake());
  await keepUp();
}

start().catch((error) => showLost(`${error.message} Reload the page to try again.`));
