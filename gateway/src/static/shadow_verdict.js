// The verdict on the shadow model, as on the live page.
import {get} from './api.js';
import {byId} from './dom.js';
import {setText} from './format.js';
import {isOfClasses, withUnit} from './schema.js';
import {verdictInWords} from './verdict.js';

async function verdict({live, shadow}) {
  try {
    const {comparison} = await get('/shadow');
    const isOurs = comparison?.candidate.model_id === shadow && comparison.live.model_id === live;
    if (!isOurs) return [`No row yet that both ${shadow} and ${live} have predicted, and whose true value is known.`, 'none'];
    return [verdictInWords(comparison, {isOfClasses, withUnit}), comparison.verdict];
  } catch (error) {
    return [`The comparison with the live model is unavailable: ${error.message}`, 'none'];
  }
}

export async function showShadow(found) {
  byId('shadow').hidden = found.shadow === null;
  if (found.shadow === null) return;
  const [words, kind] = await verdict(found);
  byId('verdict').dataset.verdict = kind;
  setText(byId('verdict'), words);
}
