/**
 * A batch of hints → the memory is brought up to date, and whatever may start then is started. All hints are of one message
 * group, so one batch is on its way at a time; two schedulers at once do no harm, as the table checks each start.
 */
import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { messageVisibility } from '../aws/message-visibility.ts';
import type { Stepped } from '../aws/placement/steps.ts';
import { defaultsGroup } from '../contract/names.ts';
import { customerOfLimitsKey, overallLimitsKey } from '../contract/placement.ts';
import type { Book } from '../domain/placement/book.ts';
import { isPlaced, type PlacedJob } from '../domain/placement/placed-job.ts';
import { inWaves } from '../framework/in-waves.ts';
import { errorFields } from '../framework/log.ts';
import { type Memory, noteOverall, readBook, takeOver } from './memory.ts';
import { renewAll, renewCustomer, renewOverall, renewPool } from './renew-limits.ts';
import type { SchedulerServices } from './scheduler-services.ts';
import { startJobs } from './start-jobs.ts';
import { handBackFrom, noteStep, sweep } from './sweep.ts';
import { type Hinted, hintedBy } from './take-hints.ts';
import { countStart, noStarts, tellFigures } from './tell-figures.ts';

/** Left of the function's time for what is on its way to be answered: one call that hangs until it is cut off, and its next try. */
const spareMs = 12_000;
const readsAtOnce = 10;
const nothingHinted = { pools: new Set<string>(), limits: new Set<string>() };
/** Items are searched for so often; those that are known are looked at by every sweep. */
const searchEveryMs = 10 * 60_000;
/** A batch that fails so often is let go: the sweep finds what it was about, and others must not wait behind it. */
const mostReceives = 10;

export function createScheduler(services: SchedulerServices) {
  const { clock, log, clients, newId } = services;
  const memory: Memory = { holder: newId(), book: undefined, searchedAtMs: 0, counts: noStarts() };
  const visibility = messageVisibility(clients.sqs);

  /** They come back together, in their order. */
  async function again(records: readonly SQSRecord[], seconds: number): Promise<SQSBatchResponse> {
    await Promise.all(
      records.map(({ eventSourceARN, receiptHandle }) =>
        visibility(eventSourceARN, receiptHandle, seconds).catch((error: unknown) =>
          log.warn('visibility not changed', errorFields(error)),
        ),
      ),
    );
    return { batchItemFailures: records.map(({ messageId }) => ({ itemIdentifier: messageId })) };
  }

  return async ({ Records }: SQSEvent, remainingMs: number): Promise<SQSBatchResponse> => {
    const endMs = clock.nowMs() + Math.max(1_000, remainingMs - spareMs);
    try {
      const isDone = await schedule(services, memory, hintedBy(Records, log), endMs);
      // With the last of them there is a look at what is left.
      return isDone ? { batchItemFailures: [] } : again(Records.slice(-1), 0);
    } catch (error) {
      // What was half-way is read anew.
      memory.book = undefined;
      log.error('hints not taken', { hints: Records.length, ...errorFields(error) });
      const isHopeless = Records.every(({ attributes }) => Number(attributes.ApproximateReceiveCount) >= mostReceives);
      return isHopeless ? { batchItemFailures: [] } : again(Records, 1);
    }
  };
}

/** False where there was no time for all that there is to do. */
async function schedule(services: SchedulerServices, memory: Memory, hinted: Hinted, endMs: number): Promise<boolean> {
  const nowMs = services.clock.nowMs();
  let isSwept = true;
  await takeOver(services, memory);
  if (hinted.sweep || hinted.pools.has(defaultsGroup)) {
    memory.book = await reread(services, memory, hinted);
    // Half of the time is for starts, however much there is to sweep.
    const { over, left } = await sweep(services, memory.book, nowMs + (endMs - nowMs) / 2);
    isSwept = left === 0;
    tellFigures(services, memory.book, memory.counts, over);
  } else memory.book = await renewed(services, memory, hinted);
  if (hinted.limits.size > 0) await tellDispatcher(services);
  const onStart = ({ placed }: PlacedJob) => countStart(memory.counts, placed.failures > 0);
  const placing = await startJobs(services, memory.book, { endMs, patient: false, onStart });
  if (placing !== 'stale') return placing === 'nothingLeft' && isSwept;
  memory.book = await reread(services, memory);
  return (await startJobs(services, memory.book, { endMs, patient: true, onStart })) === 'nothingLeft' && isSwept;
}

/** All of it, from the tables; items of pools and limits that nobody has told of are searched for now and then. */
async function reread(
  services: SchedulerServices,
  memory: Memory,
  hinted: Pick<Hinted, 'pools' | 'limits'> = nothingHinted,
): Promise<Book> {
  const nowMs = services.clock.nowMs();
  const isDue = hinted.pools.has(defaultsGroup) || nowMs >= memory.searchedAtMs + searchEveryMs;
  const overall = await renewAll(services, hinted, isDue);
  if (isDue) memory.searchedAtMs = nowMs;
  return readBook(services, overall);
}

/** What the hints are about; without a memory, everything. */
async function renewed(services: SchedulerServices, memory: Memory, { jobs, pools, limits }: Hinted): Promise<Book> {
  const known = memory.book;
  const overall = limits.has(overallLimitsKey) ? await renewOverall(services) : known?.overall;
  const renewedPools = await inWaves([...pools], readsAtOnce, async (taskGroup) => ({
    taskGroup,
    row: await renewPool(services, taskGroup),
  }));
  const customers = await inWaves([...limits], readsAtOnce, (key) => customerHinted(services, key));
  const book = known ?? (await reread(services, memory));
  if (known !== undefined && overall !== undefined) noteOverall(book, overall);
  for (const { taskGroup, row } of renewedPools) {
    if (row === undefined) book.removePool(taskGroup);
    else book.setPool(row);
    if (row === undefined || row.state === 'gone') await handBackFrom(services, book, taskGroup);
  }
  for (const row of customers) if (row !== undefined) book.setCustomer(row);
  await inWaves([...jobs], readsAtOnce, (job) => jobHinted(services, book, job));
  return book;
}

/** Limits of customers hold for jobs that name who does them, too: one that waits may start now. The sweep has it look, too. */
async function tellDispatcher({ hints, log }: SchedulerServices): Promise<void> {
  await hints.schedule().catch((error: unknown) => log.warn('dispatcher not hinted; the sweep does', errorFields(error)));
}

async function customerHinted(services: SchedulerServices, key: string) {
  const customer = customerOfLimitsKey(key);
  return customer === undefined ? undefined : renewCustomer(services, customer);
}

/** Its time may have come with the hint. */
async function jobHinted(services: SchedulerServices, book: Book, job: string): Promise<void> {
  const row = await services.placement.job(job);
  const isDue = isPlaced(row) && row.placed.step === 'later' && row.placed.stepKeyMs <= services.clock.nowMs();
  const stepped: Stepped = isDue ? await services.placement.toPlacing(job) : { kind: 'past', row };
  await noteStep(services, book, job, stepped);
}
