const SILENCE_IN_MS = 5000;
const RETRY_IN_MS = 1000;

export function connect(address, kinds, {onEvent, onLost}) {
  let source, silence, retry;

  function lost() {
    clearTimeout(silence);
    source.close();
    onLost();
    retry = setTimeout(open, RETRY_IN_MS);
  }

  function heard(event) {
    clearTimeout(silence);
    silence = setTimeout(lost, SILENCE_IN_MS);
    onEvent(event.type, JSON.parse(event.data));
  }

  // A new source each time: after an answer other than 200 the browser does not try again.
  function open() {
    source = new EventSource(address);
    source.onerror = lost;
    for (const kind of kinds) source.addEventListener(kind, heard);
    silence = setTimeout(lost, SILENCE_IN_MS);
  }

  // A browser has six connections to a server, for all its tabs together.
  document.addEventListener('visibilitychange', () => {
    clearTimeout(silence);
    clearTimeout(retry);
    source.close();
    if (!document.hidden) open();
  });
  open();
}
