/**
 * Measures the overhead per task in a process of its own, whose environment is that of a function. Prints JSON. Variants
 * take turns, so that what else the machine does meets all of them; each batch is timed by itself.
 */
import { setImmediate } from 'node:timers/promises';
import { sqsEvent } from './overhead-batches.ts';
import { tasksDone, type Variant, variants } from './overhead-variants.ts';
import { median, quantile } from './statistics.ts';

export interface Measured {
  name: string;
  size: number;
  /** Per task. */
  medianUs: number;
  p95Us: number;
  /** Of each round's median, to be set against others of the same round. */
  roundsUs: number[];
  callsPerTask: Record<string, number>;
}

/** A variant's turn lasts this long, however slow it is. */
const turnMs = 20;
const warmUpMs = 400;

interface Run {
  variant: Variant;
  samples: number[];
  roundsUs: number[];
  tasks: number;
}

async function turn({ handler }: Variant, size: number, forMs: number): Promise<number[]> {
  const events = Array.from({ length: 20 }, () => sqsEvent(size));
  const samples: number[] = [];
  const endMs = performance.now() + forMs;
  for (let startMs = performance.now(), i = 0; startMs < endMs; i = (i + 1) % events.length) {
    await handler(events[i] ?? sqsEvent(size));
    const now = performance.now();
    samples.push(((now - startMs) * 1_000) / size);
    startMs = now;
  }
  await setImmediate();
  return samples;
}

async function measure(size: number, rounds: number): Promise<Measured[]> {
  const runs: Run[] = variants().map((variant) => ({ variant, samples: [], roundsUs: [], tasks: 0 }));
  for (const run of runs) run.tasks += size * (await turn(run.variant, size, warmUpMs)).length;
  for (let round = 0; round < rounds; round += 1) {
    for (const run of round % 2 === 0 ? runs : runs.toReversed()) {
      const samples = await turn(run.variant, size, turnMs);
      run.samples.push(...samples);
      run.roundsUs.push(median(samples));
      run.tasks += size * samples.length;
    }
  }
  return runs.map(({ variant, samples, roundsUs, tasks }) => ({
    ...{ name: variant.name, size, medianUs: median(samples), p95Us: quantile(samples, 0.95), roundsUs },
    callsPerTask: Object.fromEntries([...variant.calls].map(([operation, calls]) => [operation, calls / tasks])),
  }));
}

const rounds = Number(process.argv[2] ?? 40);
const measured: Measured[] = [];
for (const size of [10, 1, 100]) measured.push(...(await measure(size, rounds)));
if (tasksDone() === 0) throw new Error('no task ran');
console.log(JSON.stringify(measured));
