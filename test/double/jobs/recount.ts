/** A job counted again from the rows of its tasks: every difference to what it says of itself, as a sentence. */
import {
  Counts,
  JobRow,
  jobKey,
  OutboxRow,
  outboxPartition,
  SlotsRow,
  slotsKey,
  TaskRow,
  taskRowKey,
  waitingPartition,
} from '../../../lambdas/contract/job-table.ts';
import { sum } from '../../../lambdas/domain/job/task-end.ts';
import type { AwsDouble } from '../aws/double.ts';
import { tables } from './resources.ts';

export function jobRow({ dynamodb }: AwsDouble, job: string): JobRow {
  return JobRow.parse(dynamodb.read(tables.jobs, jobKey(job)));
}

export function countsOf({ dynamodb }: AwsDouble, job: string): Counts {
  const rows = dynamodb.table(tables.jobs).partition(jobKey(job).pk);
  return sum(rows.filter(({ sk }) => String(sk).startsWith('count#')).map((row) => Counts.parse(row)));
}

export function taskRow({ dynamodb }: AwsDouble, job: string, n: number): TaskRow | undefined {
  const item = dynamodb.read(tables.jobs, taskRowKey(job, n));
  return item && TaskRow.parse(item);
}

export const slotsOf = ({ dynamodb }: AwsDouble): SlotsRow => SlotsRow.parse(dynamodb.read(tables.jobs, slotsKey) ?? {});

export const waitingOf = ({ dynamodb }: AwsDouble): string[] =>
  dynamodb
    .table(tables.jobs)
    .partition(waitingPartition)
    .map(({ job }) => String(job));

export const outboxOf = ({ dynamodb }: AwsDouble): OutboxRow[] =>
  dynamodb
    .table(tables.jobs)
    .partition(outboxPartition)
    .map((item) => OutboxRow.parse(item));

/** Of a job that has ended with every task. */
export function differences(aws: AwsDouble, job: string): string[] {
  const row = jobRow(aws, job);
  const { total = 0, life, dispatched } = row;
  const counts = countsOf(aws, job);
  const rows = Array.from({ length: total }, (_, i) => taskRow(aws, job, i + 1));
  const recounted = {
    completed: rows.filter((task) => task?.status === 'done').length,
    failed: rows.filter((task) => task?.status === 'failed').length,
    deadLettered: rows.filter((task) => task?.status === 'failed' && task.deadLettered).length,
    retrying: rows.filter((task) => task?.status === 'retrying').length,
    queued: rows.filter((task) => task?.status === 'queued').length,
    unsent: rows.filter((task) => task?.unsent).length,
  };
  const said: string[] = [];
  const expect = (what: string, seen: unknown, wanted: unknown) => {
    if (seen !== wanted) said.push(`job ${job}: ${what} is ${String(seen)}, should be ${String(wanted)}`);
  };
  for (const name of Object.keys(recounted) as (keyof Counts)[]) expect(name, counts[name], recounted[name]);
  expect('processed', counts.completed + counts.failed, total);
  expect('dispatched and unsent', dispatched + counts.unsent, total);
  const events = outboxOf(aws).filter((event) => event.job === job);
  expect('events', events.length, life + 1);
  expect('lives told', new Set(events.map((event) => event.life)).size, life + 1);
  expect('in a slot', job in slotsOf(aws).running, false);
  expect('waiting', waitingOf(aws).includes(job), false);
  return said;
}
