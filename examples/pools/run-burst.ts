/** Hands the burst in and follows it to its end: looks again and again, draws each look, counts it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { HelpfulError } from '../../cli/helpful-error.ts';
import type { SluiceClient } from '../../client/index.ts';
import type { BurstJob } from './burst.ts';
import { picture, sentence } from './picture.ts';
import { hasEnded, type Sample } from './sample.ts';
import type { Screen } from './screen.ts';
import { SeenJobs } from './seen-jobs.ts';
import type { Tally } from './tally.ts';
import type { Undo } from './undo.ts';

const lookEveryMs = 500;
const submitsAtOnce = 5;
/** A stage that has room moves more than that. */
const stillSeconds = 180;

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
  const seen = new SeenJobs(followed.client, followed.jobs);
  followed.undo.add('jobs that had not ended', () => seen.cancelAll());
  // Beside the looks: the first jobs run while the last are handed in. Where one of the two fails, the other stops.
  const failed = new AbortController();
  const signal = AbortSignal.any([followed.signal, failed.signal]);
  const both = [submitAll({ ...followed, signal }, seen), follow({ ...followed, signal }, seen)] as const;
  for (const one of both) one.catch((error: unknown) => failed.abort(error));
  await Promise.allSettled(both);
  failed.signal.throwIfAborted();
  return both[1];
}

async function submitAll({ client, jobs, signal }: Followed, seen: SeenJobs): Promise<void> {
  const waiting = [...jobs];
  // What was begun is waited for also where all stops: whatever was accepted must be known, to be cancelled.
  const submitNext = async () => {
    for (let job = waiting.shift(); job !== undefined && !signal.aborted; job = waiting.shift())
      seen.add((await client.submit(job.submission)).id, job);
  };
  await Promise.all(Array.from({ length: submitsAtOnce }, submitNext));
}

async function follow({ client, tally, screen, signal }: Followed, seen: SeenJobs): Promise<Sample> {
  const begunAtMs = performance.now();
  let before = '';
  let movedAtSeconds = 0;
  try {
    for (;;) {
      const sample = await look(client, seen, begunAtMs, signal);
      tally.add(sample);
      const { passed } = tally;
      screen.show(
        sample.seconds,
        () => picture(sample, passed.length),
        () => sentence(sample, passed.length),
      );
      if (sample.jobs.every(hasEnded)) return sample;
      const standings = JSON.stringify(sample.jobs.map(({ job }) => [job?.status, job?.attempts]));
      if (standings !== before) movedAtSeconds = sample.seconds;
      before = standings;
      if (sample.seconds - movedAtSeconds > stillSeconds) throw stuck(sample);
      await sleep(lookEveryMs, undefined, { signal });
    }
  } finally {
    screen.leave();
  }
}

async function look(client: SluiceClient, seen: SeenJobs, begunAtMs: number, signal: AbortSignal): Promise<Sample> {
  const [{ placement }] = await Promise.all([client.stats({ limit: 1, signal }), seen.refresh(signal)]);
  const seconds = (performance.now() - begunAtMs) / 1_000;
  if (placement === undefined) throw new HelpfulError('The stage knows of no pools any more: somebody removed them from the config table.');
  if (placement.maxJobs === 0)
    throw new HelpfulError('The limits of this stage let no job start; `npx sluice limits --max-jobs 10` changes that, for everybody.');
  return { seconds, placement, jobs: seen.all() };
}

function stuck({ jobs }: Sample): HelpfulError {
  const one = jobs.find((job) => !hasEnded(job))?.job;
  const what = one === undefined ? 'No job was seen' : `Nothing has moved; job ${one.id} ${one.message}`;
  const next = one === undefined ? '`npx sluice pools` tells more' : `\`npx sluice explain ${one.id}\` tells why`;
  return new HelpfulError(`${what}, for ${stillSeconds} s. ${next}, as long as you ask before the example has taken its pools back.`);
}
