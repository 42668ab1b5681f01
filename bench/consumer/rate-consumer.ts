/** The consumer of the rate bench: writes down when each task starts, by the machine's monotonic clock that all processes share. */
import { appendFileSync } from 'node:fs';
import { defineConsumer } from '../../consumer/index.ts';
import type { BenchTask } from './rate-groups.ts';

const file = process.env['STARTS_FILE'] ?? '';

export const handler = defineConsumer({
  task: async (body, { group, sleep }) => {
    appendFileSync(file, `${group} ${Number(process.hrtime.bigint()) / 1e6} ${process.pid}\n`);
    const { ms } = body as BenchTask;
    if (ms > 0) await sleep(ms);
  },
  // Metrics stay on: on the local AWS an invocation without a log line takes 50 ms more.
  ...(process.env['DUPLICATES'] === 'on' ? {} : { duplicates: false }),
});
