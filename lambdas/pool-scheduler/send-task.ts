/** The task of a job that has got a place → the queue of its pool. What cannot be sent now is sent by the sweep. */

import { sendToQueue } from '../aws/jobs/send-tasks.ts';
import { isFileLost, taskFile } from '../aws/jobs/task-file.ts';
import { followStep } from '../aws/placement/follow-step.ts';
import { taskFileKey } from '../contract/data-bucket.ts';
import type { TaskError } from '../contract/job.ts';
import type { StoredTask } from '../contract/job-table.ts';
import { queueLimits } from '../contract/limits.ts';
import type { LeaseRow, PoolRow } from '../contract/placement-table.ts';
import type { Lease } from '../contract/task-wire.ts';
import { queueMessage } from '../domain/job/message.ts';
import type { SendOutcome } from '../domain/job/send-outcome.ts';
import { leaseToken } from '../domain/placement/lease-token.ts';
import type { PlacedJob } from '../domain/placement/placed-job.ts';
import type { SchedulerServices } from './scheduler-services.ts';

/** Far less than what is left of an invocation when its starts end. */
const sendAgainMs = 3_000;
const firstPauseMs = 50;

export type Destination = Pick<PoolRow, 'taskGroup' | 'queueUrl' | 'fifo'>;

/** Undefined: it is sent, or will be; else the job as it is after it could not be, for good. */
export async function sendTask(
  services: SchedulerServices,
  row: PlacedJob,
  lease: LeaseRow,
  { taskGroup, queueUrl, fifo }: Destination,
): Promise<PlacedJob | undefined> {
  const { log, placement, sending, clock } = services;
  const { job } = row;
  if (queueUrl === undefined) return undefined;
  const task = await taskOf(services, job);
  if (task === undefined)
    return unsendable(services, lease, {
      class: 'PERMANENT',
      message: 'its task file is gone from the data bucket, or damaged: submit it anew',
    });
  const nowMs = clock.nowMs();
  const deadlineMs = lease.deadlineMs ?? nowMs + queueLimits.messageRetentionSeconds.max * 1_000;
  const context = { job, taskGroup, fifo, life: 0, nowMs, deadlineMs, lease: wireLease(services, row) };
  const { entry } = queueMessage(task, context);
  const sent = await sentSoon(services, () => sendToQueue(sending.sqs, queueUrl)([entry]));
  if (sent?.kind === 'accepted') await placement.noteSent(job, lease.fence);
  else if (sent?.kind === 'refused') return unsendable(services, lease, sent);
  else log.warn('task not sent; the sweep sends it', { job, pool: taskGroup, why: sent?.message });
  return undefined;
}

/** Until it is sent, its job has a place that nobody works on: one that failed at once is made again, and does no harm if it is two. */
async function sentSoon({ clock, random }: SchedulerServices, send: () => Promise<SendOutcome>) {
  const lastMs = clock.nowMs() + sendAgainMs;
  for (let tries = 1; ; tries += 1) {
    const outcome = await send();
    const [sent] = outcome.kind === 'answered' ? outcome.entries : [outcome];
    const pauseMs = (0.5 + random()) * firstPauseMs * 2 ** tries;
    const mayBeTaken = sent?.kind === 'again' || sent?.kind === 'failed';
    if (!mayBeTaken || clock.nowMs() + pauseMs > lastMs) return sent;
    await clock.sleep(pauseMs);
  }
}

const wireLease = ({ apiUrl, stage }: SchedulerServices, { job, tokenKey, placed }: PlacedJob): Lease => ({
  v: 1,
  url: `${apiUrl}/jobs/${job}`,
  token: leaseToken(tokenKey, job, placed.fence),
  fence: placed.fence,
  leaseSeconds: stage.settings.leaseSeconds,
  failures: placed.failures,
});

/** Undefined where its file is lost. Only the first line's time is for its sender: it is due by now. */
async function taskOf({ clients, stage, clock }: SchedulerServices, job: string): Promise<StoredTask | undefined> {
  try {
    for await (const [located] of taskFile(clients.s3, stage.dataBucket, clock).blocks(taskFileKey(job), { byte: 0, batchSize: 1 }))
      if (located !== undefined) {
        const { runAtMs: _runAtMs, ...task } = located.task;
        return task;
      }
    return undefined;
  } catch (error) {
    if (isFileLost(error)) return undefined;
    throw error;
  }
}

async function unsendable(services: SchedulerServices, { job, fence }: LeaseRow, { class: errorClass, message }: TaskError) {
  services.log.error('task of a placed job cannot be sent', { job, message });
  const failed = await services.placement.failAttempt(job, fence, { class: errorClass, message });
  if (failed.kind === 'past') return undefined;
  await followStep(services, failed);
  return failed.row;
}
