const SILENCE_IN_MS = 5000;
const PAUSE_IN_MS = 1000;

export function connect(address, kinds, {onEvent, onLost}) {
  let source, silence, again;

  function lost() {
    clearTimeout(silence);
    source.close();
    onLost();
    again = setTimeout(open, PAUSE_IN_MS);
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
    clearTimeout(again);
    source.close();
    if (!document.hidden) open();
  });
  open();
}
