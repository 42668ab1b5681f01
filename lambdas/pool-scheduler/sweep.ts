/**
 * What no hint told of, because it was lost or because it is time alone that changes it: whoever is due waits, who went silent
 * loses the lease, who is too late fails, what was not sent is sent. Each on its own: one that fails keeps no other waiting.
 */
import { goOn } from '../aws/placement/follow-step.ts';
import type { Stepped } from '../aws/placement/steps.ts';
import { queueLimits } from '../contract/limits.ts';
import type { LeaseRow, PlacingRow } from '../contract/placement-table.ts';
import { clockSkewMs } from '../contract/task-table.ts';
import type { Book } from '../domain/placement/book.ts';
import { isPlaced } from '../domain/placement/placed-job.ts';
import { inWaves } from '../framework/in-waves.ts';
import { errorFields } from '../framework/log.ts';
import { noteJob } from './memory.ts';
import type { SchedulerServices } from './scheduler-services.ts';
import { sendTask } from './send-task.ts';

/** All steps that free a place meet at the same items. */
const stepsAtOnce = 4;

/** What is younger is on its way. */
const onItsWayMs = 30_000;

/** Jobs that were due, that had not started in time, whose lease or own time was over, that were to be sent again; and those there was no time for. */
export type Found = Record<'due' | 'lapsed' | 'over' | 'unsent' | 'left', number>;

/** `book`: read just now. */
export async function sweep(services: SchedulerServices, book: Book, endMs: number): Promise<Found> {
  const { placement, clock, log } = services;
  const found: Found = { due: 0, lapsed: 0, over: 0, unsent: 0, left: 0 };
  const each = (what: keyof Found, jobs: readonly string[], look: (job: string) => Promise<void>) =>
    inWaves(jobs, stepsAtOnce, async (job) => {
      const isOutOfTime = clock.nowMs() >= endMs;
      found[isOutOfTime ? 'left' : what] += 1;
      if (isOutOfTime) return;
      await look(job).catch((error: unknown) => log.error('a job was not swept', { job, what, ...errorFields(error) }));
    });
  const step = (stepped: (job: string) => Promise<Stepped>) => async (job: string) => noteStep(services, book, job, await stepped(job));

  await each(
    'due',
    await jobsOf(placement.later(clock.nowMs())),
    step((job) => placement.toPlacing(job)),
  );
  const lapsed = new Map(book.lapsed(clock.nowMs()).map((row) => [row.job, row]));
  await each(
    'lapsed',
    [...lapsed.keys()],
    step((job) => failLapsed(services, job, lapsed.get(job))),
  );
  const leases = [...book.allLeases()];
  await each(
    'over',
    leases.filter((lease) => isOver(lease, clock.nowMs())).map(({ job }) => job),
    step(placement.expire),
  );
  for (const pool of new Set(leases.map(({ pool }) => pool))) if (isGone(book, pool)) await handBackFrom(services, book, pool);
  const unsent = new Map(leases.filter((lease) => isUnsent(lease, clock.nowMs())).map((lease) => [lease.job, lease]));
  await each('unsent', [...unsent.keys()], (job) => sendAgain(services, book, unsent.get(job)));
  log.info('swept', { ...found, waiting: book.waitingJobs, leased: book.leasedJobs });
  return found;
}

/** From a pool that is gone: those that nobody has begun. What runs there is left to end. */
export async function handBackFrom(services: SchedulerServices, book: Book, taskGroup: string): Promise<void> {
  const there = [...book.allLeases()].filter(({ pool }) => pool === taskGroup);
  await inWaves(there, stepsAtOnce, async ({ job, fence }) =>
    services.placement.handBack(job, fence).then(
      (stepped) => noteStep(services, book, job, stepped),
      (error: unknown) => services.log.error('a job was not handed back', { job, pool: taskGroup, ...errorFields(error) }),
    ),
  );
}

/** What the scheduler did with a job, or found that somebody else had: its memory says so, and others hear of it. */
export async function noteStep(services: SchedulerServices, book: Book, job: string, stepped: Stepped): Promise<void> {
  const { hints, clock, stage } = services;
  noteJob(book, job, stepped.row, stage.settings.leaseSeconds);
  if (stepped.kind === 'done') await goOn(services, stepped);
  const { step, stepKeyMs = 0 } = stepped.row?.placed ?? {};
  const seconds = Math.max(1, Math.ceil((stepKeyMs - clock.nowMs()) / 1_000));
  // The sweep knows of those that are further away.
  if (step === 'later' && seconds <= queueLimits.delaySeconds.max) await hints.placingLater({ kind: 'job', job }, seconds);
}

async function jobsOf(pages: AsyncIterable<{ job: string }[]>): Promise<string[]> {
  const jobs: string[] = [];
  for await (const page of pages) jobs.push(...page.map(({ job }) => job));
  return jobs;
}

const isOver = ({ expiresAtMs, deadlineMs = Number.POSITIVE_INFINITY }: LeaseRow, nowMs: number) =>
  Math.min(expiresAtMs, deadlineMs) + clockSkewMs <= nowMs;
const isUnsent = ({ sentAtMs, heartbeatAtMs, grantedAtMs }: LeaseRow, nowMs: number) =>
  sentAtMs === undefined && heartbeatAtMs === undefined && grantedAtMs <= nowMs - onItsWayMs;
const isGone = (book: Book, taskGroup: string) => (book.pool(taskGroup)?.row.state ?? 'gone') === 'gone';

function failLapsed({ placement }: SchedulerServices, job: string, row: PlacingRow | undefined): Promise<Stepped> {
  const by = new Date(row?.startByMs ?? 0).toISOString();
  const message = `it had not started by ${by}: no pool that fits was free for it within the limits`;
  return placement.failUnstarted(job, { error: { class: 'RESOURCE', message }, from: ['placing', 'later'] });
}

/** The same lease, so that it does no harm where it had been sent. */
async function sendAgain(services: SchedulerServices, book: Book, lease: LeaseRow | undefined): Promise<void> {
  const row = lease && (await services.placement.job(lease.job));
  const pool = lease && book.pool(lease.pool)?.row;
  if (pool === undefined || !isPlaced(row) || row.placed.step !== 'leased' || row.placed.fence !== lease?.fence) return;
  const failed = await sendTask(services, row, lease, pool);
  if (failed !== undefined) noteJob(book, row.job, failed, services.stage.settings.leaseSeconds);
}
