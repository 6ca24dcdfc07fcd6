// Asks the gateway, with the API key if it requires one.
const STORE = 'gateway-api-key';
const form = document.getElementById('key-form');
const input = document.getElementById('key');
const words = document.getElementById('key-words');
let asking = null;

// An error, as a sentence; `status` is the HTTP status, 0 without an answer.
export class Problem extends Error {
  constructor(message, {status = 0, detail = null} = {}) {
    super(message);
    this.status = status;
    this.detail = detail;
  }
}

function askForKey() {
  asking ??= new Promise((resolve) => {
    words.textContent = sessionStorage.getItem(STORE) === null
      ? 'The key stays in this tab until you close it.' : 'That key is wrong.';
    form.hidden = false;
    input.focus();
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      sessionStorage.setItem(STORE, input.value);
      input.value = '';
      form.hidden = true;
      asking = null;
      resolve();
    }, {once: true});
  });
  return asking;
}

async function errorOf(response) {
  const {detail} = await response.json().catch(() => ({}));
  const sentence = typeof detail === 'string' ? detail : `The gateway answers with status ${response.status}`;
  const after = response.headers.get('Retry-After');
  const when = after ? ` Try again in ${after} s.` : '';
  return new Problem(sentence.replace(/[.:]?$/, '.') + when, {status: response.status, detail});
}

// The response, of status 2xx; raises Problem. With `quiet`, a missing key is an error instead of a question.
export async function ask(path, {quiet = false, headers = {}, ...options} = {}) {
  for (;;) {
    const key = sessionStorage.getItem(STORE);
    const withKey = key === null ? headers : {...headers, 'X-API-Key': key};
    let response;
    try {
      response = await fetch(path, {...options, headers: withKey});
    } catch (error) {
      if (options.signal?.aborted) throw error;
      throw new Problem('The gateway does not answer.');
    }
    if (response.ok) return response;
    if (response.status !== 401 || quiet) throw await errorOf(response);
    await askForKey();
  }
}

export async function get(path, options) {
  return (await ask(path, options)).json();
}

export async function post(path, body, headers = {}) {
  const response = await ask(path, {
    method: 'POST', body: JSON.stringify(body), headers: {...headers, 'Content-Type': 'application/json'},
  });
  return response.json();
}

// As path_of() of pipeline/ids.py: an id with a slash goes into the query.
function pathOf(call, id, end) {
  const encoded = encodeURIComponent(id);
  return id.includes('/') || id === 'events' ? `${call}${end}?id=${encoded}` : `${call}/${encoded}${end}`;
}

export const jobPath = (id, end = '') => pathOf('/job', id, end);
export const labelPath = (id) => pathOf('/label', id, '');

// crypto.randomUUID is there only at localhost and with https.
export function newKey() {
  if (crypto.randomUUID) return crypto.randomUUID();
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
