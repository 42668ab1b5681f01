/** One line on stderr about what takes its time: redrawn on a terminal, else written anew now and then. Quiet for what is quick. */
const quietMs = 2_000;
const redrawMs = 100;
const againMs = 15_000;
const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

export type Stream = Pick<NodeJS.WriteStream, 'write' | 'isTTY' | 'columns'>;

/** Does the work; `text` says how far it is, whenever it is asked. */
export async function withProgress<T>(stream: Stream, text: () => string, work: () => Promise<T>): Promise<T> {
  const startedAt = performance.now();
  const seconds = () => `${((performance.now() - startedAt) / 1_000).toFixed(0)} s`;
  let frame = 0;
  const draw = () => {
    frame += 1;
    if (performance.now() - startedAt < quietMs) return;
    const line = `${frames[frame % frames.length]} ${text()} (${seconds()})`;
    stream.write(`\r\x1b[K${line.slice(0, (stream.columns || 80) - 1)}`);
  };
  const say = () => stream.write(`… ${text()} (${seconds()})\n`);
  const first = stream.isTTY ? undefined : setTimeout(say, quietMs);
  const timer = setInterval(stream.isTTY ? draw : say, stream.isTTY ? redrawMs : againMs);
  try {
    return await work();
  } finally {
    clearTimeout(first);
    clearInterval(timer);
    if (stream.isTTY && performance.now() - startedAt >= quietMs) stream.write('\r\x1b[K');
  }
}
