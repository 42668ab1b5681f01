/**
 * One step of a placed job: its row under the revision that was seen, whatever goes with it, and the event that tells of it
 * change together or not at all. Decided from what is there, and decided again where others were at the same items.
 */
import { BatchGetCommand, GetCommand } from '@aws-sdk/lib-dynamodb';
import type { JobState } from '../../contract/job.ts';
import { changeEventId, JobRow, jobKey, outboxKey } from '../../contract/job-table.ts';
import type { Placed } from '../../contract/placement-table.ts';
import type { ErrorClass } from '../../contract/task-wire.ts';
import { isPlaced, type PlacedJob, stepItem, stepKey } from '../../domain/placement/placed-job.ts';
import type { Clients } from '../clients.ts';
import type { TaskRows } from '../jobs/task-rows.ts';
import { type Retrying, type TransactItem, transact, untilDecided } from '../jobs/transactions.ts';

export interface PlacementParts {
  documents: Clients['documents'];
  jobsTable: string;
  tasksTable: string;
  tasks: Pick<TaskRows, 'writesOf'>;
  /** How long a job is kept after its end. */
  retentionSeconds: number;
  leaseSeconds: number;
  retryJobs: boolean;
  notifyJobs: boolean;
  world: Retrying & { clock: { nowMs(): number } };
}

type Changes<Row> = { [Name in keyof Row]?: Row[Name] | undefined };

export interface Step {
  /** Fields that change; undefined: the field goes. */
  row?: Changes<JobRow>;
  placed: Changes<Placed>;
  /** A change of state, that somebody may want to hear of; absent: it is none. */
  told?: { state: JobState; class?: ErrorClass };
  besides?: readonly TransactItem[];
}

/** `event`: of the outbox, to be hinted; absent where nobody is told. */
export type Stepped =
  | { kind: 'done'; row: PlacedJob; event?: string | undefined }
  /** It was past this step already, or is not there: nothing was changed. */
  | { kind: 'past'; row: JobRow | undefined };

/** A step of what was seen; undefined: it was past it. */
type Decide = (row: PlacedJob, nowMs: number) => Promise<Step | undefined> | Step | undefined;

const endStates: readonly JobState[] = ['completed', 'failed', 'cancelled'];

export function placementSteps({ documents, jobsTable: TableName, retentionSeconds, notifyJobs, world }: PlacementParts) {
  const nowMs = () => world.clock.nowMs();
  const keptUntil = () => Math.ceil(nowMs() / 1_000) + retentionSeconds;

  async function read(job: string): Promise<JobRow | undefined> {
    const { Item } = await documents.send(new GetCommand({ TableName, Key: jobKey(job), ConsistentRead: true }));
    const row = Item && JobRow.parse(Item);
    return row === undefined || isExpired(row) ? undefined : row;
  }
  const isExpired = ({ expiresAt }: JobRow) => expiresAt !== undefined && expiresAt * 1_000 < nowMs();

  /** By their names, at most 100 of them; what the table did not get to is not among them, nor what is not there. */
  async function readSome(jobs: readonly string[]): Promise<Map<string, JobRow>> {
    const Keys = jobs.map(jobKey);
    const { Responses } = await documents.send(new BatchGetCommand({ RequestItems: { [TableName]: { Keys, ConsistentRead: true } } }));
    const rows = (Responses?.[TableName] ?? []).map((item) => JobRow.parse(item)).filter((row) => !isExpired(row));
    return new Map(rows.map((row) => [row.job, row]));
  }

  /** The row after a step, and the writes that bring it there. */
  function after(row: PlacedJob, { row: fields = {}, placed, told, besides = [] }: Step) {
    const sequence = row.placed.sequence + (told === undefined ? 0 : 1);
    const next = {
      ...row,
      ...fields,
      placed: { ...row.placed, ...placed, sequence, revision: row.placed.revision + 1 },
    } as PlacedJob;
    const event = told === undefined || !(notifyJobs || endStates.includes(told.state)) ? undefined : changeEventId(row.job, sequence);
    const items = [
      update(row, { ...fields, placed: defined(next.placed) }),
      ...(event === undefined || told === undefined ? [] : [outboxItem(next, event, told)]),
      ...besides,
    ];
    return { next, event, items };
  }

  function update(row: PlacedJob, fields: Record<string, unknown>): TransactItem {
    const names = Object.keys(fields);
    const placeOf = (name: string) => `f${names.indexOf(name)}`;
    const [gone, set] = [names.filter((name) => fields[name] === undefined), names.filter((name) => fields[name] !== undefined)];
    const remove = gone.length === 0 ? '' : ` REMOVE ${gone.map((name) => `#${placeOf(name)}`).join(', ')}`;
    return {
      Update: {
        TableName,
        Key: jobKey(row.job),
        UpdateExpression: `SET ${set.map((name) => `#${placeOf(name)} = :${placeOf(name)}`).join(', ')}${remove}`,
        ConditionExpression: '#status = :seen AND life = :life AND placed.revision = :revision',
        ExpressionAttributeNames: { '#status': 'status', ...Object.fromEntries(names.map((name) => [`#${placeOf(name)}`, name])) },
        ExpressionAttributeValues: {
          ':seen': row.status,
          ':life': row.life,
          ':revision': row.placed.revision,
          ...Object.fromEntries(set.map((name) => [`:${placeOf(name)}`, fields[name]])),
        },
      },
    };
  }

  function outboxItem({ job, life, status, placed }: PlacedJob, event: string, { state, class: errorClass }: NonNullable<Step['told']>) {
    const change = {
      state,
      sequence: placed.sequence,
      ...(placed.pool === undefined ? {} : { pool: placed.pool }),
      ...(errorClass === undefined ? {} : { class: errorClass }),
    };
    return { Put: { TableName, Item: { ...outboxKey(event), event, job, life, status, atMs: nowMs(), change, expiresAt: keptUntil() } } };
  }

  return {
    read,
    readSome,
    after,
    nowMs,
    keptUntil,
    dropStep: (row: PlacedJob): TransactItem[] => {
      const Key = stepKey(row);
      return Key === undefined ? [] : [{ Delete: { TableName, Key } }];
    },
    putStep: (row: PlacedJob): TransactItem => ({ Put: { TableName, Item: stepItem(row) } }),

    take: (job: string, what: string, decide: Decide): Promise<Stepped> =>
      untilDecided(world, `${what} of job ${job}`, async (): Promise<Stepped | undefined> => {
        const row = await read(job);
        if (!isPlaced(row)) return { kind: 'past', row };
        const step = await decide(row, nowMs());
        if (step === undefined) return { kind: 'past', row };
        const { next, event, items } = after(row, step);
        const { done } = await transact(documents, items);
        return done ? { kind: 'done', row: next, event } : undefined;
      }),
  };
}
export type PlacementSteps = ReturnType<typeof placementSteps>;

const defined = (fields: object): Record<string, unknown> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
