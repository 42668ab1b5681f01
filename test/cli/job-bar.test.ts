/** The bar of a job on a terminal. */
import { Writable } from 'node:stream';
import { expect, it } from 'vitest';
import { withJobProgress } from '../../cli/jobs/job-progress.ts';
import { job } from '../client/job.ts';

/** What stays of a terminal's text: without the moves of the cursor. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is taken out.
const plain = (text: string) => text.replace(/\u001b(\[[\d?]*[A-Za-z]|[78])/g, '');

it('fills as tasks end, after a line of what it waited for, and stays at its end', async () => {
  let text = '';
  const stream = new Writable({
    write(chunk, _encoding, done) {
      text += String(chunk);
      done();
    },
  });
  const terminal = Object.assign(stream, { isTTY: true, columns: 100 }) as unknown as NodeJS.WriteStream;
  const result = await withJobProgress(terminal, async (show) => {
    show(job({ status: 'PENDING', message: 'starts as soon as it has a slot', processed: 0, completed: 0 }));
    show(job({ total: 200, processed: 50, completed: 49, failed: 1, ratePerSecond: 25 }));
    show(job({ status: 'FAILED', total: 200, processed: 200, completed: 199, failed: 1 }));
    return 'done';
  });
  expect(result).toBe('done');
  expect(plain(text)).toContain('PENDING, starts as soon as it has a slot');
  expect(plain(text)).toMatch(/█{7,8}░{22,23} 25% \| 50 of 200 \| 1 failed \| 25\/s \| running/);
  expect(plain(text)).toMatch(/█{30} 100% \| 200 of 200 \| 1 failed \| - \| FAILED\n$/);
});
