const whole = new Intl.NumberFormat('en', {maximumFractionDigits: 0});
const one = new Intl.NumberFormat('en', {minimumFractionDigits: 1, maximumFractionDigits: 1});
const two = new Intl.NumberFormat('en', {minimumFractionDigits: 2, maximumFractionDigits: 2});
const three = new Intl.NumberFormat('en', {maximumSignificantDigits: 3});
const twelve = new Intl.NumberFormat('en', {maximumSignificantDigits: 12});
const clock = new Intl.DateTimeFormat('en-GB', {hour: '2-digit', minute: '2-digit', second: '2-digit'});
const fineClock = new Intl.DateTimeFormat('en-GB', {
  hour: '2-digit', minute: '2-digit', second: '2-digit', fractionalSecondDigits: 3,
});
const day = new Intl.DateTimeFormat('en-GB', {day: 'numeric', month: 'short', year: 'numeric'});

const orDash = (write) => (value) => (value == null ? '–' : write(value));

export const count = orDash((value) => whole.format(value));
export const tenths = orDash((value) => readable(value, one));
export const points = orDash((value) => readable(value, two));
export const signedPoints = orDash((value) => `${value > 0 ? '+' : ''}${points(value)}`);
export const percent = orDash(share);
export const time = orDash((ms) => clock.format(ms));
export const timeToTheMillisecond = orDash((ms) => fineClock.format(ms));
export const date = orDash((ms) => day.format(ms));

const asPower = (text) => text.replace(/\.?0*e\+?/, 'e');

// A number of any size in ten characters at most, right to its third digit: as numbers.py writes it.
function readable(number, plain) {
  const value = number + 0; // -0 becomes 0
  const size = Math.abs(value);
  if (!Number.isFinite(value)) return value > 0 ? '∞' : '-∞';
  if (size && (size < 1e-3 || size >= 1e7)) return asPower(value.toExponential(3));
  if (size >= 1e4) return whole.format(value);
  return (size < 1 && size ? three : plain).format(value);
}

// Never 0 % or 100 % of what is a little more or less.
function share(value) {
  if (value > 0 && value < 0.0005) return '< 0.1 %';
  if (value < 1 && value >= 0.9995) return '> 99.9 %';
  return `${one.format(100 * value)} %`;
}

// Of an axis: a round number, in all its digits where that is no long row of zeros.
export function round(value) {
  const size = Math.abs(value);
  return size && (size < 1e-4 || size >= 1e9) ? asPower(value.toExponential(11)) : twelve.format(value);
}

export const edge = (index, width) => round(index * width);

export function counted(number, noun, nouns = `${noun}s`) {
  return `${count(number)} ${number === 1 ? noun : nouns}`;
}

export function duration(ms) {
  const seconds = Math.max(0, ms) / 1000;
  if (seconds < 10) return `${one.format(Math.floor(seconds * 10) / 10)} s`;
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h`;
  return `${whole.format(Math.floor(seconds / 86400))} d`;
}

let ahead = 0;

// Ages are by the server's clock: the reader's may be wrong.
export function setClock(serverNow) {
  ahead = serverNow - Date.now();
}

export function age(ms) {
  return ms == null ? '–' : duration(Date.now() + ahead - ms);
}

export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
