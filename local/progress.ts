/**
 * One line per step: a moving one on a terminal, else a line when the step is slow and one when it is done.
 */
import { setTimeout as sleep } from 'node:timers/promises';

type Report = (detail: string) => void;
export type Step = <T>(title: string, work: (report: Report) => Promise<T>) => Promise<T>;

const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const slowMs = 2_000;

export function stepsOn(stream: NodeJS.WriteStream): Step {
  return async (title, work) => {
    const startedAt = performance.now();
    const seconds = () => (performance.now() - startedAt) / 1_000;
    let detail = '';
    const stop = new AbortController();
    const show = stream.isTTY
      ? spin(stream, () => `${title}${detail && `: ${detail}`} (${seconds().toFixed(0)} s)`, stop.signal)
      : sayWhenSlow(stream, title, stop.signal);
    try {
      const result = await work((text) => {
        detail = text;
      });
      stop.abort();
      await show;
      stream.write(`✔ ${title} (${seconds().toFixed(1)} s)\n`);
      return result;
    } finally {
      stop.abort();
      await show;
    }
  };
}

async function spin(stream: NodeJS.WriteStream, text: () => string, stop: AbortSignal): Promise<void> {
  for (let frame = 0; !stop.aborted; frame += 1) {
    stream.write(`\r\x1b[K${`${frames[frame % frames.length]} ${text()}`.slice(0, (stream.columns || 80) - 1)}`);
    await sleep(100, undefined, { signal: stop }).catch(() => {});
  }
  stream.write('\r\x1b[K');
}

async function sayWhenSlow(stream: NodeJS.WriteStream, title: string, stop: AbortSignal): Promise<void> {
  await sleep(slowMs, undefined, { signal: stop }).catch(() => {});
  if (!stop.aborted) stream.write(`… ${title}\n`);
}
