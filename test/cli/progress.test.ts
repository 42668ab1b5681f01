/** Progress, with a clock of its own. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { type Stream, withProgress } from '../../cli/progress.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

async function written(stream: Omit<Stream, 'write'>, workMs: number): Promise<string> {
  let text = '';
  const write = (chunk: string | Uint8Array) => {
    text += String(chunk);
    return true;
  };
  const work = () => new Promise<void>((resolve) => setTimeout(resolve, workMs));
  const done = withProgress({ ...stream, write } as Stream, () => 'at work', work);
  await vi.advanceTimersByTimeAsync(workMs);
  await done;
  return text;
}

it.each([true, false])('is quiet about what is quick, on a terminal: %s', async (isTTY) => {
  expect(await written({ isTTY, columns: 80 }, 1_900)).toBe('');
});

it('writes whole lines now and then where nobody watches', async () => {
  const text = await written({ isTTY: false, columns: 0 }, 31_000);
  expect(text).toBe('… at work (2 s)\n… at work (15 s)\n… at work (30 s)\n');
  expect(text).not.toContain('\u001b');
});

it('redraws one line on a terminal, within its width, and leaves nothing', async () => {
  const text = await written({ isTTY: true, columns: 10 }, 5_000);
  expect(text).not.toContain('\n');
  expect(text.endsWith('\r\u001b[K')).toBe(true);
  for (const line of text.split('\r\u001b[K')) expect(line.length).toBeLessThan(10);
});
