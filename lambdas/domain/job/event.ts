/** What is told of a job's end, or of each change of a placed one, to the jobs topics and to its webhook. Pure. */
import { hasEnded, type Job, type JobEvent, JobState, type JobStatus } from '../../contract/job.ts';
import { functionOfTarget, taskGroupOfTarget } from '../../contract/job-messages.ts';
import { changeEventId, eventId, type JobRow, type OutboxRow } from '../../contract/job-table.ts';

type Event = Pick<OutboxRow, 'event' | 'job' | 'status' | 'life' | 'atMs' | 'change'>;

function stateOf({ change, status }: Pick<Event, 'change' | 'status'>): JobState {
  if (change !== undefined) return change.state;
  const state = hasEnded(status) ? JobState.safeParse(status.toLowerCase()).data : undefined;
  if (state === undefined) throw new Error(`no event is of a job that is ${status}`);
  return state;
}

/** `view` is the job as it is now: changed since, maybe, which is not what the event is of. */
export function jobEvent(row: Event, view: Job): JobEvent {
  const { event, status, life, atMs, change } = row;
  const time = new Date(atMs).toISOString();
  const isOfIt = view.status === status && view.life === life;
  const job = isOfIt ? view : { ...view, status, life, endedAt: hasEnded(status) ? time : undefined, message: sinceText(status) };
  return {
    id: event,
    type: `job.${stateOf(row)}`,
    time,
    ...(change === undefined ? {} : { sequence: change.sequence }),
    ...(change?.pool === undefined ? {} : { pool: change.pool }),
    ...(change?.class === undefined ? {} : { class: change.class }),
    job: shortened(job),
  };
}

const sinceText = (status: JobStatus) =>
  hasEnded(status) ? `ended ${status}, and is being tried again since` : `was ${status}, and was changed since`;

/** A topic takes 256 KiB (API_Publish): `GET /jobs/{id}` shows the whole of it. */
const mostAttempts = 5;
const mostFindings = 20;
const characters = 2_000;

function shortened({ message, history, findings, ...job }: Job): Job {
  return {
    ...job,
    message: message.slice(0, characters),
    ...(history === undefined
      ? {}
      : { history: history.slice(-mostAttempts).map((attempt) => ({ ...attempt, message: attempt.message.slice(0, characters) })) }),
    ...(findings === undefined ? {} : { findings: findings.slice(0, mostFindings).map((finding) => finding.slice(0, characters)) }),
  };
}

/** By these, subscriptions of the topics may filter. */
export function eventAttributes(row: Event, { target, customer }: Pick<JobRow, 'target' | 'customer'>): Record<string, string | number> {
  const { status, job, change } = row;
  const state = stateOf(row);
  const named = {
    taskGroup: taskGroupOfTarget(target),
    function: functionOfTarget(target),
    customer,
    pool: change?.pool,
    class: change?.class,
    sequence: change?.sequence,
  };
  return {
    type: `job.${state}`,
    status,
    state,
    job,
    ...Object.fromEntries(Object.entries(named).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]))),
  };
}

/** Events that those who want a job's events in their order must have had before, where they are not gone. */
export function eventsBefore({ job, life, change }: Event): string[] {
  if (change !== undefined) return change.sequence > 1 ? [changeEventId(job, change.sequence - 1)] : [];
  // Only these are tried again.
  return life > 0 ? [eventId(job, life - 1, 'FAILED'), eventId(job, life - 1, 'COMPLETED')] : [];
}
