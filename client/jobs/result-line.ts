/** A line of a results file (docs/jobs.md tells it to people). */
import { z } from 'zod';
import { TaskError, TaskInput } from '../../lambdas/contract/job.ts';

const task = { n: z.int(), id: z.string().optional() };

export const ResultLine = z.discriminatedUnion('status', [
  /** `resultLost`: it had one, which is not to be found any more. */
  z.object({ ...task, status: z.literal('done'), result: z.json().optional(), resultLost: z.literal(true).optional() }),
  /** `task` can be submitted again; absent where the line of the file was no task. */
  z.object({ ...task, status: z.literal('failed'), attempts: z.int().optional(), error: TaskError.optional(), task: TaskInput.optional() }),
  /** It never ended, in a job that has. */
  z.object({ ...task, status: z.literal('cancelled') }),
]);
export type ResultLine = z.output<typeof ResultLine>;
