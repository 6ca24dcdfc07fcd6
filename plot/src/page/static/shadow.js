// The shadow model compared with the live one, if there was one.
import {isOfClasses, withUnit} from './about.js';
import {counted, points, setText} from './format.js';
import {showNote} from './numbers.js';
import {failedWords, onlyWords, verdictWords} from './words.js';

const section = document.getElementById('shadow');
const verdict = document.getElementById('shadow-verdict');

function showModel(id, {model_id: name, half_brier: brier, mae, rmse}) {
  const row = document.getElementById(id);
  setText(row.querySelector('span'), name || 'without a name');
  const [first, second] = row.querySelectorAll('td');
  setText(first, points(isOfClasses ? brier : mae));
  setText(second, points(isOfClasses ? mae : rmse));
}

export function showShadow({shadow}) {
  section.hidden = !shadow;
  if (!shadow) return;
  verdict.dataset.verdict = shadow.verdict;
  setText(verdict, verdictWords(shadow));
  showModel('live-model', shadow.live);
  showModel('shadow-model', shadow.candidate);
  const {bound, beyond, unreadable} = shadow;
  showNote('shadow-failed', failedWords(shadow));
  showNote('shadow-only', onlyWords(shadow));
  showNote('shadow-bound', bound != null && !isOfClasses && `The interval assumes that the two errors on a row never differ by more than ${withUnit(points(bound))}.`);
  showNote('shadow-beyond', beyond > 0 && `${counted(beyond, 'row')} exceeded that bound. The interval includes them, but is no longer guaranteed.`);
  showNote('shadow-unreadable', unreadable > 0 && `${counted(unreadable, 'line')} of metric_log_shadow.csv could not be read.`);
}
