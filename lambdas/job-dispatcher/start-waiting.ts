/** Starts the waiting jobs that have room, in their order; one writer at a time, and who comes meanwhile has it look again. */
import { customerLimits } from '../aws/jobs/customer-limits.ts';
import type { JobServices } from '../aws/jobs/job-services.ts';
import { slotOf } from '../aws/jobs/slots.ts';
import type { SlotsRow, WaitingRow } from '../contract/job-table.ts';
import { isFull, nextToStart } from '../domain/job/schedule.ts';

/** The name of its lease; no target is called so. */
const leaseName = 'schedule';

export async function startWaiting(services: JobServices, endMs: number): Promise<void> {
  const { dispatchLeases, newId, clock } = services;
  let lease = await dispatchLeases.acquire(leaseName, newId(), clock.nowMs());
  if (lease === undefined) return;
  try {
    for (;;) {
      await letDueOnesWait(services);
      while (clock.nowMs() < endMs && (await startSome(services, endMs)));
      const released = await dispatchLeases.release(lease);
      if (released === true) return;
      lease = released;
    }
  } catch (error) {
    await dispatchLeases.drop(lease);
    throw error;
  }
}

/** Jobs whose time has come wait for a slot from now on. */
async function letDueOnesWait({ lists, jobs, clock }: JobServices): Promise<void> {
  for await (const page of lists.scheduled(clock.nowMs()))
    for (const { job } of page) {
      const row = await jobs.get(job);
      if (row !== undefined) await jobs.becomeReady(row);
    }
}

/** True where somebody else changed the slots, and it is to be looked at again. */
async function startSome(services: JobServices, endMs: number): Promise<boolean> {
  let seen = await services.slots.read();
  for (const waiting of await whoMayStart(services, seen, endMs)) {
    const row = await services.jobs.get(waiting.job);
    if (row === undefined || row.status !== 'PENDING' || row.readyAtMs !== waiting.readyAtMs) {
      await services.lists.stopWaiting(waiting);
      return true;
    }
    const started = await services.jobs.start(row, seen);
    if (started !== 'started') return true;
    services.log.info('job started', { job: row.job, target: row.target });
    await services.hints.target(row.target);
    seen = {
      running: { ...seen.running, [row.job]: slotOf(row, services.clock.nowMs()) },
      revision: seen.revision + 1,
    };
  }
  return false;
}

/** Reads no further than it must: a full target or customer lets those behind it pass. */
async function whoMayStart(services: JobServices, { running }: SlotsRow, endMs: number): Promise<WaitingRow[]> {
  const { lists, stage, clock, placement } = services;
  const { maxParallelJobs, maxParallelJobsPerGroup } = stage.settings;
  if (isFull(running, { maxParallelJobs })) return [];
  const customers = customerLimits(placement);
  const limits = { maxParallelJobs, maxParallelJobsPerGroup, ofCustomer: customers.of };
  const waiting: WaitingRow[] = [];
  let chosen: WaitingRow[] = [];
  for await (const page of lists.waiting()) {
    waiting.push(...page);
    await customers.learn(page);
    chosen = nextToStart(running, waiting, limits);
    if (Object.keys(running).length + chosen.length >= maxParallelJobs || clock.nowMs() >= endMs) break;
  }
  return chosen;
}
