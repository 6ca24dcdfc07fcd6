import {connect} from './connection.js';
import {setClock, setText, time} from './format.js';
import {showNumbers, showWaiting, tickNumbers} from './numbers.js';
import {showPipeline} from './pipeline.js';
import {showRows, tickRows} from './rows.js';
import {loadCharts, showCharts} from './charts.js';
import {startTrace} from './trace.js';
import {showTried} from './tried.js';

const status = document.getElementById('status');
const banner = document.getElementById('lost');
let lastHeard = null;

function showState(state, words) {
  status.dataset.state = state;
  setText(status, words);
}

function live() {
  lastHeard = Date.now();
  if (status.dataset.state === 'live') return;
  showState('live', 'live');
  document.body.classList.remove('stale');
  banner.hidden = true;
}

function lost() {
  if (status.dataset.state === 'lost') return;
  showState('lost', 'connection lost, trying again');
  banner.textContent = lastHeard
    ? `Connection lost at ${time(lastHeard)}; what you see is from then. Trying again.`
    : 'No connection yet. Trying again.';
  banner.hidden = false;
  document.body.classList.toggle('stale', lastHeard !== null);
}

const show = {
  rows(event) {
    showNumbers(event);
    showRows(event.last_rows, event.summary);
    showTried(event);
    showCharts(event);
    loadCharts();
  },
  pipeline(event) {
    showWaiting(event);
    showPipeline(event);
  },
};

connect('/events', Object.keys(show), {
  onEvent(kind, event) {
    setClock(event.now_in_ms);
    live();
    show[kind](event);
  },
  onLost: lost,
});

setInterval(() => {
  tickNumbers();
  tickRows();
}, 500);

startTrace();
