// The candidate that predicts beside the live model, if there was one.
import {counted, points, setText} from './format.js';
import {showNote} from './numbers.js';
import {failedWords, verdictWords} from './words.js';

const section = document.getElementById('tried');
const verdict = document.getElementById('tried-verdict');

function showModel(part, {model_id: name, mae, rmse}) {
  const row = document.getElementById(`tried-${part}`);
  setText(row.querySelector('span'), name || 'without a name');
  const [first, second] = row.querySelectorAll('td');
  setText(first, points(mae));
  setText(second, points(rmse));
}

export function showTried({shadow}) {
  section.hidden = !shadow;
  if (!shadow) return;
  verdict.dataset.verdict = shadow.verdict;
  setText(verdict, verdictWords(shadow));
  showModel('live', shadow.live);
  showModel('candidate', shadow.candidate);
  const {bound, beyond, unreadable} = shadow;
  showNote('tried-failed', failedWords(shadow));
  showNote('tried-bound', bound != null && `The interval supposes that no two errors on a row differ by more than ${points(bound)} points.`);
  showNote('tried-beyond', beyond > 0 && `That did not hold: ${counted(beyond, 'row')} beyond. The interval counts them in, but is not sure.`);
  showNote('tried-unreadable', unreadable > 0 && `${counted(unreadable, 'line')} of metric_log_shadow.csv could not be read.`);
}
