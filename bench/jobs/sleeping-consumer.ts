/** The consumer of the jobs bench: a task is a call to a worker that takes `ms`. */
import { defineConsumer } from '../../consumer/index.ts';

export interface SleepTask {
  ms: number;
}

export const handler = defineConsumer({
  task: async (body, { sleep }) => {
    const { ms } = body as SleepTask;
    const startedAtMs = Date.now();
    await sleep(ms);
    return { startedAtMs, endedAtMs: Date.now() };
  },
});
