// What the comparison of a shadow model with the live one comes to, in a sentence.
import {count, tenths} from './format.js';

const called = ({model_id: name}) => (name ? `Shadow model ${name}` : 'The shadow model'); // your own may have no name

// One that is better by 1.9 points (0.8 to 3.0): a minus would be one more thing to understand.
function size({mean, low, high}, withUnit) {
  const ends = [low, high].map(Math.abs).sort((a, b) => a - b);
  return `${withUnit(tenths(Math.abs(mean)))} (${tenths(ends[0])} to ${tenths(ends[1])}) on average`;
}

export function verdictInWords({rows, rows_needed: needed, candidate, difference, verdict}, {isOfClasses, withUnit}) {
  const subject = called(candidate), score = isOfClasses ? 'half Brier score' : 'error';
  const agree = isOfClasses ? 'their half Brier scores differ by less than 0.001' : 'their mean errors agree to a thousandth';
  const say = {
    failing: () => `${subject} failed on some rows, so it cannot be called better.`,
    'too few rows': () => `Too few rows to tell: ${count(rows)} of ${count(needed)}.`,
    better: () => `${subject} is better: its ${score} is smaller by ${size(difference, withUnit)}.`,
    worse: () => `${subject} is worse: its ${score} is larger by ${size(difference, withUnit)}.`,
    equal: () => `${subject} is as good as the live model: ${agree}.`,
    unclear: () => 'No clear difference yet.',
  };
  return say[verdict]();
}
