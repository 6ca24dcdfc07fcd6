const whole = new Intl.NumberFormat('en', {maximumFractionDigits: 0});
const one = new Intl.NumberFormat('en', {minimumFractionDigits: 1, maximumFractionDigits: 1});
const two = new Intl.NumberFormat('en', {minimumFractionDigits: 2, maximumFractionDigits: 2});
const signed = new Intl.NumberFormat('en', {minimumFractionDigits: 2, maximumFractionDigits: 2, signDisplay: 'exceptZero'});
const clock = new Intl.DateTimeFormat('en-GB', {hour: '2-digit', minute: '2-digit', second: '2-digit'});
const fineClock = new Intl.DateTimeFormat('en-GB', {
  hour: '2-digit', minute: '2-digit', second: '2-digit', fractionalSecondDigits: 3,
});
const day = new Intl.DateTimeFormat('en-GB', {day: 'numeric', month: 'short', year: 'numeric'});

const isLong = (value) => Number.isFinite(value) && Math.abs(value) >= 1e6;
const orDash = (write) => (value) => (value == null ? '–' : write(value));

export const count = orDash((value) => whole.format(value));
export const tenths = orDash((value) => one.format(value));
export const points = orDash((value) => (isLong(value) ? value.toExponential(2) : two.format(value)));
export const signedPoints = orDash((value) => signed.format(value));
export const time = orDash((ms) => clock.format(ms));
export const timeToTheMillisecond = orDash((ms) => fineClock.format(ms));
export const date = orDash((ms) => day.format(ms));

// Of a histogram, where a bar is a whole number of hundredths wide.
export const edge = (index, width) => Number((index * width).toFixed(2));

export function counted(number, noun) {
  return `${count(number)} ${noun}${number === 1 ? '' : 's'}`;
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
