// What the charts of all pages have in common, as Plotly wants it.
export const CONFIG = {displayModeBar: false, responsive: true, staticPlot: false};

// It takes a second to start, so the numbers are painted first.
export function loadPlotly(onReady, onFailure) {
  requestAnimationFrame(() => setTimeout(() => {
    const script = document.createElement('script');
    script.src = '/static/plotly.min.js';
    script.addEventListener('load', onReady);
    script.addEventListener('error', onFailure);
    document.head.append(script);
  }));
}

export function readColours() {
  const style = getComputedStyle(document.documentElement);
  const names = ['text', 'muted', 'line', 'surface', 'bars', 'bars-faint', 'mae', 'mae-band', 'median'];
  return Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
}

// A text of others, as Plotly draws it letter by letter: it takes a part of HTML as such.
export const plain = (text) => text.replace(/[&<>]/g, (sign) => ({'&': '&amp;', '<': '&lt;', '>': '&gt;'})[sign]);

// How an axis that ends there writes its numbers. Powers of ten not in raised digits: Plotly sets those with
// inline styles, which the pages forbid.
export function ticks(end) {
  const size = Math.abs(end);
  if (size >= 1e6 && size < 1e7) return {tickformat: '~s'}; // 500k and 1.5M: no room for nine characters
  return {exponentformat: size && (size < 1e-2 || size >= 1e7) ? 'e' : 'none'};
}

export function axis(title, colour, more = {}) {
  return {
    title: {text: title, font: {size: 12, color: colour.muted}, standoff: 8},
    gridcolor: colour.line, linecolor: colour.line, zeroline: false, fixedrange: true,
    tickfont: {color: colour.muted}, separatethousands: true, automargin: false, exponentformat: 'none', ...more,
  };
}

export function layout(colour, more) {
  return {
    autosize: true, dragmode: false, showlegend: false, hovermode: 'closest',
    margin: {l: 72, r: 12, t: 8, b: 44}, paper_bgcolor: 'rgba(0,0,0,0)', plot_bgcolor: 'rgba(0,0,0,0)',
    font: {family: 'system-ui, sans-serif', size: 12, color: colour.text},
    hoverlabel: {bgcolor: colour.surface, bordercolor: colour.muted, font: {color: colour.text}}, ...more,
  };
}

export function upright(x, color, dash) {
  return {type: 'line', x0: x, x1: x, y0: 0, y1: 1, yref: 'paper', line: {color, width: 2, dash}};
}

export function lineLabel(x, y, text, colour, toLeft) {
  return {
    x, y, yref: 'paper', yanchor: 'top', xanchor: toLeft ? 'right' : 'left', xshift: toLeft ? -4 : 4,
    text, showarrow: false, bgcolor: colour.surface, font: {size: 12},
  };
}
