/** A job as the API shows it, for tests. */
import { Job } from '../../lambdas/contract/job.ts';

type Change = { [Name in keyof Job]?: Job[Name] | undefined };

export const job = (change: Change = {}): Job =>
  Job.parse({
    id: 'j1',
    status: 'RUNNING',
    message: '1 of 2 tasks processed, 2 sent',
    taskGroup: 'A',
    priority: 'normal',
    total: 2,
    dispatched: 2,
    processed: 1,
    completed: 1,
    failed: 0,
    retrying: 0,
    deadLettered: 0,
    cancelled: 0,
    maxFailures: 0,
    life: 0,
    createdAt: '2026-11-27T00:00:00Z',
    ...change,
  });
