import {about, fitWords} from './about.js';
import {showClasses, startClasses} from './classes.js';
import {connect} from './connection.js';
import {setClock, setText, time} from './format.js';
import {showNumbers, showFlow, tickNumbers} from './numbers.js';
import {showPipeline} from './pipeline.js';
import {showRows, tickRows} from './rows.js';
import {loadCharts, showCharts} from './charts.js';
import {startTrace} from './trace.js';
import {showShadow} from './shadow.js';

const status = document.getElementById('status');
const banner = document.getElementById('lost');
let lastHeard = null;

function showState(state, words) {
  status.dataset.state = state;
  setText(status, words);
}

const STATES = {live: 'live', 'no-broker': 'broker unreachable'};

// Rows and the broker are two things: a page may be up to date while its pipeline stands still.
function heard(reachable) {
  lastHeard = Date.now();
  document.body.classList.remove('stale');
  banner.hidden = true;
  if (reachable === undefined) return;
  const state = reachable ? 'live' : 'no-broker';
  if (status.dataset.state !== state) showState(state, STATES[state]);
}

function lost() {
  if (status.dataset.state === 'lost') return;
  showState('lost', 'connection lost, retrying');
  banner.textContent = lastHeard
    ? `Connection lost at ${time(lastHeard)}; the page shows the state at that time. Retrying.`
    : 'No connection yet. Retrying.';
  banner.hidden = false;
  document.body.classList.toggle('stale', lastHeard !== null);
}

const show = {
  rows(event) {
    if (event.data_set !== about.name) return location.reload(); // plot was started with another one
    showNumbers(event);
    showRows(event.last_rows, event.summary);
    showClasses(event);
    showShadow(event);
    showCharts(event);
    loadCharts();
  },
  pipeline(event) {
    showFlow(event);
    showPipeline(event);
  },
};

fitWords();
startClasses();
connect('/events', Object.keys(show), {
  onEvent(kind, event) {
    setClock(event.now_in_ms);
    heard(event.broker?.reachable);
    show[kind](event);
  },
  onLost: lost,
});

setInterval(() => {
  tickNumbers();
  tickRows();
}, 500);

startTrace();
