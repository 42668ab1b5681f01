/** A line of a results file. */
import { z } from 'zod';
import { TaskError, TaskInput } from '../../lambdas/contract/job.ts';

const task = { n: z.int(), id: z.string().optional() };

export const ResultLine = z.discriminatedUnion('status', [
  z.object({ ...task, status: z.literal('done'), result: z.json().optional() }),
  /** `task` can be submitted again; absent where the line of the file was no task. */
  z.object({ ...task, status: z.literal('failed'), error: TaskError, task: TaskInput.optional() }),
  /** Of a cancelled job: it never ended. */
  z.object({ ...task, status: z.literal('cancelled'), task: TaskInput.optional() }),
]);
export type ResultLine = z.output<typeof ResultLine>;
