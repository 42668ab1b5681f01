/** Hands the burst in and follows it to its end: looks again and again, draws each look, counts it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { HelpfulError } from '../../cli/helpful-error.ts';
import type { Job, SluiceClient } from '../../client/index.ts';
import type { BurstJob } from './burst.ts';
import { picture, sentence } from './picture.ts';
import { hasEnded, type Sample } from './sample.ts';
import type { Screen } from './screen.ts';
import type { Tally } from './tally.ts';
import type { Undo } from './undo.ts';

const lookEveryMs = 500;
const submitsAtOnce = 5;
/** A stage that has room moves more than that. */
const stillSeconds = 180;
/** How far the stage's clock may be behind ours. */
const clocksApartMs = 3_600_000;

export interface Followed {
  client: SluiceClient;
  jobs: readonly BurstJob[];
  tally: Tally;
  screen: Screen;
  undo: Undo;
  signal: AbortSignal;
}

/** The last look, in which all have ended. */
export async function runBurst(followed: Followed): Promise<Sample> {
  const ids = new Map<string, BurstJob>();
  followed.undo.add('jobs that had not ended', () => cancelAll(followed.client, ids));
  const begun = { atMs: performance.now(), from: new Date(Date.now() - clocksApartMs).toISOString() };
  // Beside the looks: the first jobs run while the last are handed in. Where one of the two fails, the other stops.
  const failed = new AbortController();
  const signal = AbortSignal.any([followed.signal, failed.signal]);
  const both = [submitAll({ ...followed, signal }, ids), follow({ ...followed, signal }, ids, begun)] as const;
  for (const one of both) one.catch((error: unknown) => failed.abort(error));
  await Promise.allSettled(both);
  failed.signal.throwIfAborted();
  return both[1];
}

async function submitAll({ client, jobs, signal }: Followed, ids: Map<string, BurstJob>): Promise<void> {
  const waiting = [...jobs];
  const submitNext = async () => {
    for (let job = waiting.shift(); job !== undefined; job = waiting.shift())
      ids.set((await client.submit(job.submission, { signal })).id, job);
  };
  await Promise.all(Array.from({ length: submitsAtOnce }, submitNext));
}

interface Begun {
  atMs: number;
  from: string;
}

async function follow({ client, jobs, tally, screen, signal }: Followed, ids: Map<string, BurstJob>, begun: Begun): Promise<Sample> {
  let seenBefore = '';
  let movedAtSeconds = 0;
  const known = new Map<number, Job>();
  try {
    for (;;) {
      const sample = await look(client, jobs, ids, known, begun, signal);
      tally.add(sample);
      const { passed } = tally;
      screen.show(
        sample.seconds,
        () => picture(sample, passed.length),
        () => sentence(sample, passed.length),
      );
      if (ids.size === jobs.length && sample.jobs.every(hasEnded)) return sample;
      const seen = JSON.stringify(sample.jobs.map(({ job }) => [job?.status, job?.attempts]));
      if (seen !== seenBefore) movedAtSeconds = sample.seconds;
      seenBefore = seen;
      if (sample.seconds - movedAtSeconds > stillSeconds) throw stuck(sample);
      await sleep(lookEveryMs, undefined, { signal });
    }
  } finally {
    screen.leave();
  }
}

async function look(
  client: SluiceClient,
  jobs: readonly BurstJob[],
  ids: Map<string, BurstJob>,
  known: Map<number, Job>,
  { atMs, from }: Begun,
  signal: AbortSignal,
): Promise<Sample> {
  const [{ placement }] = await Promise.all([client.stats({ limit: 1, signal }), refresh(client, ids, known, from, signal)]);
  const seconds = (performance.now() - atMs) / 1_000;
  if (placement === undefined) throw new HelpfulError('The stage knows of no pools any more: somebody removed them from the config table.');
  if (placement.maxJobs === 0)
    throw new HelpfulError('The limits of this stage let no job start; `npx sluice limits --max-jobs 10` changes that, for everybody.');
  return { seconds, placement, jobs: jobs.map((job) => ({ ...job, job: known.get(job.n) })) };
}

/** The list has the newest first, and jobs of others. */
async function refresh(
  client: SluiceClient,
  ids: Map<string, BurstJob>,
  known: Map<number, Job>,
  from: string,
  signal: AbortSignal,
): Promise<void> {
  let left = ids.size;
  if (left === 0) return;
  for await (const job of client.jobs({ from, signal })) {
    const own = ids.get(job.id);
    if (own === undefined) continue;
    known.set(own.n, job);
    left -= 1;
    if (left === 0) return;
  }
}

function stuck({ jobs }: Sample): HelpfulError {
  const one = jobs.find((job) => !hasEnded(job))?.job;
  const what = one === undefined ? 'No job was seen' : `Nothing has moved; job ${one.id} ${one.message}`;
  const next = one === undefined ? '`npx sluice pools` tells more' : `\`npx sluice explain ${one.id}\` tells why`;
  return new HelpfulError(`${what}, for ${stillSeconds} s. ${next}, as long as you ask before the example has taken its pools back.`);
}

async function cancelAll(client: SluiceClient, ids: Map<string, BurstJob>): Promise<void> {
  for (const id of ids.keys()) {
    const { status } = await client.get(id);
    if (status === 'PENDING' || status === 'RUNNING') await client.cancel(id);
  }
}
