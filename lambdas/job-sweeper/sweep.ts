/**
 * The sweep of the job service: it decides nothing and sends nothing of a job's. Each part finds what somebody should have
 * gone on with, and hints at it; one that fails keeps no other from its work.
 */
import type { JobServices } from '../aws/jobs/job-services.ts';
import { errorFields } from '../framework/log.ts';
import { renewFiles } from './renew-files.ts';
import { warnAboutGroups } from './warn.ts';

export interface Swept {
  [part: string]: number | 'failed';
}

/** What is younger is on its way. */
const onItsWayMs = 60_000;
/** Between two looks at everything that is placed or waits for a pool: the schedule knows no shorter period than twice that. */
const placingSweepSeconds = 30;
/** The next sweep finds what comes later. */
const untilNextMs = 75_000;

export function createJobSweeper(services: JobServices) {
  const parts: Record<string, () => Promise<number>> = {
    scheduled: () => hintScheduled(services),
    intakes: () => hintIntakes(services),
    events: () => hintEvents(services),
    targets: () => hintTargets(services),
    validations: () => hintValidations(services),
    placing: () => hintPlacing(services),
    warnings: () => warnAboutGroups(services),
    renewed: () => renewFiles(services),
  };
  return async (): Promise<Swept> => {
    const swept = await Promise.all(
      Object.entries(parts).map(async ([name, part]): Promise<[string, number | 'failed']> => {
        try {
          return [name, await part()];
        } catch (error) {
          services.log.error('a part of the sweep failed', { part: name, ...errorFields(error) });
          return [name, 'failed'];
        }
      }),
    );
    services.log.info('swept', Object.fromEntries(swept));
    return Object.fromEntries(swept);
  };
}

/** The start of jobs is looked at now, and at each moment until the next sweep at which one becomes due. */
async function hintScheduled({ lists, hints, clock }: JobServices): Promise<number> {
  const nowMs = clock.nowMs();
  await hints.schedule();
  const moments = new Set<number>();
  for await (const page of lists.scheduled(nowMs + untilNextMs))
    for (const { runAtMs } of page) if (runAtMs > nowMs) moments.add(Math.ceil((runAtMs - nowMs) / 1_000));
  for (const seconds of moments) await hints.schedule(seconds);
  return moments.size;
}

async function hintIntakes({ lists, hints, clock }: JobServices): Promise<number> {
  let found = 0;
  for await (const page of lists.intakes(clock.nowMs() - onItsWayMs))
    for (const { job } of page) {
      await hints.intake(job);
      found += 1;
    }
  return found;
}

async function hintPlacing({ hints }: JobServices): Promise<number> {
  await hints.placing({ kind: 'sweep' });
  await hints.placingLater({ kind: 'sweep' }, placingSweepSeconds);
  return 2;
}

async function hintValidations({ placement, hints, clock }: JobServices): Promise<number> {
  let found = 0;
  for await (const page of placement.validating(clock.nowMs() - onItsWayMs))
    for (const { job } of page) {
      await hints.validation(job);
      found += 1;
    }
  return found;
}

async function hintEvents({ outbox, hints, clock }: JobServices): Promise<number> {
  const nowMs = clock.nowMs();
  const forgotten = await outbox.forgotten(nowMs);
  for (const row of forgotten) if (await outbox.note(row, { nextTryMs: nowMs })) await hints.event({ job: row.job, event: row.event });
  return forgotten.length;
}

async function hintTargets({ slots, hints }: JobServices): Promise<number> {
  const { running } = await slots.read();
  const targets = new Set(Object.values(running).map(({ target }) => target));
  for (const target of targets) await hints.target(target);
  return targets.size;
}
