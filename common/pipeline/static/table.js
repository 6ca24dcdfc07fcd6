function makeRow(tag, texts) {
  const tr = document.createElement('tr');
  for (const text of texts) {
    const cell = tr.appendChild(document.createElement(tag));
    cell.textContent = text;
    if (tag === 'th') cell.scope = 'col';
  }
  return tr;
}

// A chart's numbers; with a keyboard it can be scrolled, too.
export function scrollTable(caption, {head, rows}) {
  const table = document.createElement('table');
  table.createCaption().textContent = caption;
  table.createTHead().append(makeRow('th', head));
  table.createTBody().append(...rows.map((row) => makeRow('td', row)));
  const frame = document.createElement('div');
  frame.className = 'scroll';
  frame.tabIndex = 0;
  frame.append(table);
  return frame;
}

const TAIL = 8;

// Cut in its middle where there is no room: ids that are made one after the other differ at their end.
export function idText(id) {
  const whole = String(id), at = Math.max(0, whole.length - TAIL);
  const parts = [['head', whole.slice(0, at)], ['tail', whole.slice(at)]];
  const text = document.createElement('span');
  text.className = 'id-text';
  text.title = whole;
  text.append(...parts.map(([className, textContent]) => Object.assign(document.createElement('span'), {className, textContent})));
  return text;
}
