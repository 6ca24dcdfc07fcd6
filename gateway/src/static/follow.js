// Follows a job until it has ended. Not with an EventSource: that sends no header with an API key.
import {ask, jobPath, Problem} from './api.js';

const PAUSE_IN_MS = 1000;
export const hasEnded = ({status}) => ['completed', 'failed', 'cancelled'].includes(status);

function read(block) {
  const fields = block.split(/\r?\n/).map((line) => line.match(/^(event|data): ?(.*)$/)).filter(Boolean);
  return Object.fromEntries(fields.map(([, name, value]) => [name, value]));
}

async function* eventsOf(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  for (;;) {
    const {done, value} = await reader.read();
    if (done) return;
    const blocks = (text + value).split(/\r?\n\r?\n/);
    text = blocks.pop();
    for (const block of blocks) yield read(block);
  }
}

async function followOnce(id, signal, onJob) {
  const response = await ask(jobPath(id, '/events'), {signal});
  for await (const {event, data} of eventsOf(response)) {
    if (event === 'expired') throw new Problem('The job has expired.', {status: 410});
    if (event !== 'job') continue; // a comment, which keeps the connection alive
    const job = JSON.parse(data);
    onJob(job);
    if (hasEnded(job)) return true;
  }
  return false;
}

const isPassing = (error) => !(error instanceof Problem) || error.status === 0 || error.status >= 500;

// Reconnects after a lost connection, and after a restart of the gateway.
export async function follow(id, signal, onJob, onLost) {
  for (;;) {
    try {
      if (await followOnce(id, signal, onJob)) return;
    } catch (error) {
      if (signal.aborted) return;
      if (!isPassing(error)) throw error;
      onLost();
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_IN_MS));
    if (signal.aborted) return;
  }
}
