/** How the tasks of a job are put and sent: to its group's queue, ten in a call, or to its function, one by one. */
import { invokeFunction } from '../aws/jobs/invoke-tasks.ts';
import { sendToQueue } from '../aws/jobs/send-tasks.ts';
import type { TaskError } from '../contract/job.ts';
import { lambdaLimits } from '../contract/limits.ts';
import { taskInvocation } from '../domain/job/invocation.ts';
import type { Located } from '../domain/job/line.ts';
import { type QueueMessage, queueMessage } from '../domain/job/message.ts';
import { deadlineOf, usualTimeoutSeconds } from '../domain/job/overdue.ts';
import { type PackLimits, queuePack } from '../domain/job/pack.ts';
import { tokenOf } from '../domain/job/token.ts';
import type { Dispatched, DispatchInput } from './dispatch-input.ts';
import { dispatchTasks } from './dispatch-tasks.ts';
import type { JobSending } from './job-sending.ts';
import type { GroupTarget } from './target-state.ts';

export interface Try {
  attempt: number;
  /** What it failed with in the life before. */
  error: TaskError | undefined;
}

type Outlet<E> = Pick<DispatchInput<E>, 'message' | 'send' | 'limits' | 'maxConcurrent'>;

const onePack: PackLimits = { tasks: 1, bytes: lambdaLimits.asyncPayloadBytes };

/** Runs the engine with what the job's target takes. */
export function dispatchTo(
  sending: JobSending,
  tryOf: (n: number) => Try,
  input: Omit<DispatchInput<never>, keyof Outlet<never> | 'stopAtMs' | 'clock' | 'random'>,
): Promise<Dispatched> {
  const { target, time, services } = sending;
  const rest = { ...input, stopAtMs: time.endMs, clock: services.clock, random: services.random };
  return target.kind === 'group'
    ? dispatchTasks({ ...rest, ...toQueue(sending, target, tryOf) })
    : dispatchTasks({ ...rest, ...toFunction(sending, target.reference, tryOf) });
}

function deadline(sending: JobSending, { task }: Located): number {
  const { services, target, row } = sending;
  const own = deadlineOf(task, services.clock.nowMs(), usualTimeoutSeconds(target));
  return Math.min(own, row.deadlineMs ?? own);
}

function toQueue(sending: JobSending, { taskGroup, fifo, queueUrl }: GroupTarget, tryOf: (n: number) => Try): Outlet<QueueMessage> {
  const { services, row } = sending;
  return {
    limits: queuePack,
    maxConcurrent: row.maxConcurrent,
    message: (located) => {
      sending.noteDue(located.task);
      const { error } = tryOf(located.task.n);
      const previous = error === undefined ? undefined : { error, attempts: 0 };
      const nowMs = services.clock.nowMs();
      return queueMessage(located.task, {
        job: row.job,
        taskGroup,
        fifo,
        life: row.life,
        previous,
        nowMs,
        deadlineMs: deadline(sending, located),
      });
    },
    send: sendToQueue(services.sending.sqs, queueUrl),
  };
}

function toFunction(sending: JobSending, reference: string, tryOf: (n: number) => Try): Outlet<string> {
  const { services, row } = sending;
  return {
    limits: onePack,
    maxConcurrent: row.maxConcurrent,
    message: (located) => {
      const { task, fromByte, toByte } = located;
      const { attempt } = tryOf(task.n);
      const token = tokenOf(row.tokenKey, { n: task.n, id: task.id, life: row.life, attempt, fromByte, toByte });
      return taskInvocation(task, { job: row.job, attempt, token, apiUrl: services.apiUrl, deadlineMs: deadline(sending, located) });
    },
    send: invokeFunction(services.sending.lambda, reference),
  };
}
