/** What is told of a job's end, to the jobs topic and to its webhook. Pure. */
import type { Job, JobEvent, JobStatus } from '../../contract/job.ts';
import { functionOfTarget, taskGroupOfTarget } from '../../contract/job-messages.ts';
import type { JobRow, OutboxRow } from '../../contract/job-table.ts';

const types: Partial<Record<JobStatus, JobEvent['type']>> = {
  COMPLETED: 'job.completed',
  FAILED: 'job.failed',
  CANCELLED: 'job.cancelled',
};

function eventType(status: JobStatus): JobEvent['type'] {
  const type = types[status];
  if (type === undefined) throw new Error(`no event is of a job that is ${status}`);
  return type;
}

/** `view` is the job as it is now: tried again already, maybe, which is not what the event is of. */
export function jobEvent({ event, status, life, atMs }: Pick<OutboxRow, 'event' | 'status' | 'life' | 'atMs'>, view: Job): JobEvent {
  const time = new Date(atMs).toISOString();
  const isOfIt = view.status === status && view.life === life;
  const job = isOfIt ? view : { ...view, status, life, endedAt: time, message: `ended ${status}, and is being tried again since` };
  return { id: event, type: eventType(status), time, job };
}

/** By these, subscriptions of the topic may filter. */
export function eventAttributes(
  { status, job }: Pick<OutboxRow, 'status' | 'job'>,
  { target }: Pick<JobRow, 'target'>,
): Record<string, string> {
  const taskGroup = taskGroupOfTarget(target);
  const reference = functionOfTarget(target);
  return {
    type: eventType(status),
    status,
    job,
    ...(taskGroup === undefined ? {} : { taskGroup }),
    ...(reference === undefined ? {} : { function: reference }),
  };
}
