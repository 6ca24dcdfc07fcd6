// The ten values of a patient; the gateway describes the columns.
const box = document.getElementById('fields');
let columns = [];

function makeField(column) {
  const isChoice = column.most - column.least === column.step;
  const field = document.getElementById(isChoice ? 'choice' : 'field').content.firstElementChild.cloneNode(true);
  const range = isChoice ? '' : `${column.least} to ${column.most}. `;
  field.dataset.name = column.name;
  field.querySelector('.title').textContent = column.title;
  field.querySelector('.unit').textContent = column.unit;
  field.querySelector('.sub').textContent = range + column.meaning;
  for (const [part, end] of [['.sub', 'meaning'], ['.problem', 'problem']]) field.querySelector(part).id = `${column.name}-${end}`;
  const inputs = [...field.querySelectorAll('input')];
  for (const input of inputs) {
    input.name = column.name;
    input.setAttribute('aria-describedby', `${column.name}-meaning ${column.name}-problem`);
  }
  if (isChoice) setChoices(inputs, column);
  else setRange(inputs[0], column);
  field.addEventListener('input', () => showProblem(column.name, ''));
  return field;
}

function setChoices(inputs, {least, most}) {
  [least, most].forEach((value, i) => {
    inputs[i].value = value;
    inputs[i].nextElementSibling.textContent = value;
  });
}

function setRange(input, {name, lowest, highest, step}) {
  Object.assign(input, {id: `value-${name}`, min: lowest, max: highest, step});
  input.previousElementSibling.htmlFor = input.id;
}

function showProblem(name, text) {
  const field = box.querySelector(`[data-name="${name}"]`);
  const problem = field.querySelector('.problem');
  problem.textContent = text;
  problem.hidden = !text;
  for (const input of field.querySelectorAll('input')) input.setAttribute('aria-invalid', String(Boolean(text)));
}

export function makeFields(described) {
  columns = described;
  box.replaceChildren(...columns.map(makeField));
}

const inputsOf = (form, name) => [form.elements[name]].flatMap((found) => (found instanceof RadioNodeList ? [...found] : [found]));

export function fill(form, values) {
  for (const {name} of columns) {
    showProblem(name, '');
    for (const input of inputsOf(form, name)) {
      if (input.type === 'radio') input.checked = Number(input.value) === values[name];
      else input.value = values[name];
    }
  }
}

export function read(form) {
  const data = new FormData(form);
  return Object.fromEntries(columns.map(({name}) => [name, Number(data.get(name))]));
}

// Shows each message of a 422 at its field; returns those that name no field.
export function showProblems(form, details) {
  const names = columns.map(({name}) => name);
  const others = [];
  let first = null;
  for (const {loc, msg} of details) {
    const name = loc.findLast((part) => names.includes(part));
    if (name === undefined) others.push(msg);
    else {
      showProblem(name, msg);
      first ??= inputsOf(form, name)[0];
    }
  }
  first?.focus();
  return others;
}
