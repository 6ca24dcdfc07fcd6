// Which processes of `model` follow the last change, and the changes so far.
import {byId, make} from './dom.js';
import {counted, setText, time} from './format.js';
import {moment} from './model_words.js';

const MAX_SHOWN = 50; // changes
const DONE = {
  start: ({live}) => ['started with ', live], promote: ({live, forced}) => ['promoted ', live, forced ? ', forced' : ''],
  rollback: ({live}) => ['rolled back to ', live], shadow: ({shadow}) => ['in the shadow: ', shadow], unshadow: () => ['shadow stopped'],
};

// As promotions_in_force() of the model store: the last start, and the promotions not rolled back since.
function inForce(changes) {
  const found = [];
  for (const change of changes.toReversed()) {
    if (change.action === 'start') found.splice(0, found.length, change, ...found.filter(({action}) => action === 'promote'));
    else if (change.action === 'promote') found.push(change);
    else if (change.action === 'rollback') found.pop();
  }
  return found;
}

export const canRollBack = (changes) => inForce(changes).length > 1;

export function doneInWords(change) {
  const [verb, model = '', end = ''] = DONE[change.action](change);
  return `${verb}${model}${end}`;
}

const follows = ({change, problem}, latest) => change >= latest && !problem;

function replicaItem(replica, latest) {
  const {name, live, shadow, problem, at, change} = replica;
  const isBehind = change < latest;
  const state = follows(replica, latest) ? `follows change ${latest}` : isBehind ? `has not applied change ${latest} yet` : 'does not follow';
  const words = ['answers with ', make('code', '', live), ...(shadow ? [', shadow ', make('code', '', shadow)] : [])];
  return make(
    'li', follows(replica, latest) ? 'follows' : 'behind', make('strong', '', name), ` ${state}`,
    make('p', '', ...words), ...(problem ? [make('p', 'problem', problem)] : []),
    make('p', 'sub', `reported at ${time(Date.parse(at))}`),
  );
}

function wordsOf(replicas, latest) {
  if (!replicas.length) return 'No process of model has reported: nobody answers.';
  const number = replicas.filter((replica) => follows(replica, latest)).length;
  const all = counted(replicas.length, 'process', 'processes');
  return number === replicas.length ? `${all}: all follow change ${latest}.` : `${number} of ${all} follow change ${latest}.`;
}

function changeItem(change) {
  const {number, at} = change, [verb, model, end = ''] = DONE[change.action](change);
  return make('li', '', make('span', 'number', number), make('span', '', verb, ...(model ? [make('code', '', model)] : []), end), make('span', 'sub', moment(at)));
}

// Only if it has changed: otherwise a reader would lose what is selected.
function fill(list, items, key) {
  if (list.dataset.shown === key) return;
  list.dataset.shown = key;
  list.replaceChildren(...items);
}

export function showRollout({changes, replicas}) {
  const latest = changes[0]?.number ?? 0;
  setText(byId('replicas-words'), wordsOf(replicas, latest));
  fill(byId('replicas'), replicas.map((each) => replicaItem(each, latest)), JSON.stringify([replicas, latest]));
  const shown = changes.slice(0, MAX_SHOWN);
  setText(byId('changes-words'), changes.length ? 'Which model answers, the latest change first.' : 'None yet.');
  fill(byId('changes'), shown.map(changeItem), String(latest));
  byId('changes').hidden = !changes.length;
}
