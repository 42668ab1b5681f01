/** Jobs and their tasks as they are shown. Pure. */
import type { Job, JobTask } from '../../lambdas/contract/job.ts';
import { age } from '../dead-letters/shown.ts';
import { table } from '../table.ts';

const target = ({ taskGroup, function: reference, pool, needs }: Job) => {
  if (needs !== undefined) return pool === undefined ? 'a pool' : `pool ${pool}`;
  return taskGroup ?? (reference === undefined ? '-' : `function ${reference}`);
};
const of = ({ processed, total }: Job) => `${processed}/${total ?? '?'}`;

export function jobTable(jobs: Job[], nowMs: number, width?: number): string {
  const head = ['job', 'status', 'target', 'priority', 'processed', 'failed', 'age', 'name'];
  const rows = jobs.map((job) => [
    job.id,
    job.status,
    target(job),
    job.priority,
    of(job),
    String(job.failed),
    age(nowMs - Date.parse(job.createdAt)),
    job.name ?? '-',
  ]);
  return table(head, rows, width);
}

type Fact = [string, string | number | undefined];

/** Everything of one job, a field a line. */
export function jobText(job: Job): string {
  const facts: Fact[] = [
    ['job', job.id],
    ['name', job.name],
    ['status', `${job.status}: ${job.message}`],
    ['target', target(job)],
    ['customer', job.customer],
    ['priority', job.priority],
    ...placedFacts(job),
    ['tasks', job.total],
    ['sent', job.dispatched],
    ['processed', `${job.processed}: ${job.completed} done, ${job.failed} failed${job.maxFailures > 0 ? ` (${job.maxFailures} may)` : ''}`],
    ['retrying', job.retrying || undefined],
    ['dead letters', job.deadLettered || undefined],
    ['cancelled', job.cancelled || undefined],
    ['retries', job.life || undefined],
    ['rate', job.ratePerSecond === undefined ? undefined : `${job.ratePerSecond}/s`],
    ['made', job.createdAt],
    ['not before', job.runAt],
    ['started', job.startedAt],
    ['ends about', job.estimatedEndAt],
    ['ended', job.endedAt],
    ['result', job.result === undefined ? undefined : JSON.stringify(job.result)],
    ['error', job.error && `${job.error.class}: ${job.error.message}`],
    ...(job.warnings ?? []).map((warning): Fact => ['warning', warning]),
  ];
  const known = facts.flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]]));
  return table(known[0] ?? [], known.slice(1));
}

/** Of a job that states needs. */
function placedFacts({
  needs,
  quantities,
  affinity,
  objective,
  reason,
  startBy,
  attempts,
  lease,
  history = [],
  findings = [],
}: Job): Fact[] {
  if (needs === undefined) return [];
  return [
    ['needs', pairs({ ...needs.labels, ...needs.quantities })],
    ['wants', affinity && `pool ${affinity.pool}${affinity.required ? ', and no other' : ''}`],
    ['placed by', reason ?? objective],
    ['takes', quantities && pairs(quantities)],
    ['start by', startBy],
    ['attempts', attempts],
    [
      'lease',
      lease && `${lease.fence}, of ${lease.holder ?? 'nobody yet'}, heard of ${lease.heartbeatAt ?? 'never'}, until ${lease.expiresAt}`,
    ],
    ...history.map(
      ({ attempt, class: errorClass, message, step }): Fact => [
        `attempt ${attempt}`,
        `${errorClass}${step === undefined ? '' : ` in step ${step}`}: ${message}`,
      ],
    ),
    ...findings.map((finding): Fact => ['finding', finding]),
  ];
}

const pairs = (values: Record<string, string | number>) =>
  Object.entries(values)
    .map(([name, value]) => `${name}=${value}`)
    .join(', ') || undefined;

/** Why the first tasks failed. */
export function failureTable(tasks: JobTask[], width?: number): string {
  const rows = tasks.map(({ n, id, attempts, error }) => [
    String(n),
    id ?? '-',
    error?.class ?? '-',
    String(attempts ?? '-'),
    error?.line === undefined ? (error?.step ?? '-') : `line ${error.line}`,
    error?.message ?? '-',
  ]);
  return table(['task', 'id', 'class', 'attempts', 'step', 'reason'], rows, width);
}

/** One line about a job on its way. */
export function standing({ status, message, processed, total, failed, ratePerSecond }: Job): string {
  if (status === 'PENDING' || total === undefined) return `${status}, ${message}`;
  const rate = ratePerSecond === undefined ? '' : `, ${ratePerSecond}/s`;
  return `${processed} of ${total} processed, ${failed} failed${rate}`;
}
