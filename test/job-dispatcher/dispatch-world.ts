/** A target in virtual time for the dispatch engine: it does what the test says, and keeps what it saw. */
import type { Cursor } from '../../lambdas/contract/job-table.ts';
import type { Located } from '../../lambdas/domain/job/line.ts';
import { accepted, type EntryOutcome, type SendOutcome } from '../../lambdas/domain/job/send-outcome.ts';
import type { Dispatched, DispatchInput, Place, Progress, Refusal } from '../../lambdas/job-dispatcher/dispatch-input.ts';
import { dispatchTasks } from '../../lambdas/job-dispatcher/dispatch-tasks.ts';
import { VirtualClock } from '../double/virtual-clock.ts';

export const lineBytes = 100;

export const task = (n: number): Located => ({ task: { n, body: n }, fromByte: (n - 1) * lineBytes, toByte: n * lineBytes });
export const tasks = (count: number) => Array.from({ length: count }, (_, i) => task(i + 1));

export async function* blocksOf(all: readonly Located[], batchSize: number): AsyncGenerator<readonly Located[]> {
  for (let i = 0; i < all.length; i += batchSize) yield all.slice(i, i + batchSize);
}

export interface Script {
  /** What becomes of a task's `tries`th send. */
  entry?: (n: number, tries: number) => EntryOutcome;
  /** What becomes of a whole send, before its entries are looked at. */
  send?: (sends: number, batch: readonly number[]) => Exclude<SendOutcome, { kind: 'answered' }> | undefined;
  tookMs?: (batch: readonly number[], sends: number) => number;
  savingMs?: number;
}

export interface Seen {
  /** Numbers of the tasks that the target took, in the order in which it did. */
  taken: number[];
  refused: Refusal[];
  aside: Place[];
  /** With how many of the tasks up to the cursor had been taken or refused by then. */
  checkpoints: (Progress & { atMs: number; settled: number })[];
  sends: { batch: number[]; fromMs: number; toMs: number }[];
  mostInFlight: number;
  mostSaving: number;
  tookMs: number;
}

export type Options = Partial<DispatchInput<number>> & { batchSize?: number; clock?: VirtualClock };

export interface Ran {
  seen: Seen;
  result: Dispatched | undefined;
  error: unknown;
}

export async function run(all: readonly Located[], script: Script = {}, options: Options = {}): Promise<Ran> {
  const clock = options.clock ?? new VirtualClock();
  const startedMs = clock.nowMs();
  const seen: Seen = { taken: [], refused: [], aside: [], checkpoints: [], sends: [], mostInFlight: 0, mostSaving: 0, tookMs: 0 };
  let saving = 0;
  const { batchSize = 50, ...given } = options;
  const running = dispatchTasks<number>({
    blocks: blocksOf(all, batchSize),
    start: { n: 0, byte: 0 },
    allowance: Number.POSITIVE_INFINITY,
    maxConcurrent: 20,
    limits: { tasks: 10, bytes: 1_000_000 },
    stopAtMs: Number.POSITIVE_INFINITY,
    clock,
    random: () => 0.5,
    message: ({ task: { n } }) => ({ entry: n, bytes: 100 }),
    send: target(clock, seen, script),
    refused: async (refusals) => {
      await clock.sleep(3);
      seen.refused.push(...refusals);
    },
    setAside: async (places) => void seen.aside.push(...places),
    checkpoint: async (progress) => {
      const { n } = progress.cursor;
      const settled = [...seen.taken, ...seen.refused.map((refusal) => refusal.n)].filter((number) => number <= n).length;
      seen.checkpoints.push({ ...progress, atMs: clock.nowMs() - startedMs, settled });
      saving += 1;
      seen.mostSaving = Math.max(seen.mostSaving, saving);
      await clock.sleep(script.savingMs ?? 40);
      saving -= 1;
    },
    ...given,
  });
  const [outcome] = await clock.until(Promise.allSettled([running]));
  seen.tookMs = clock.nowMs() - startedMs;
  return {
    seen,
    result: outcome.status === 'fulfilled' ? outcome.value : undefined,
    error: outcome.status === 'rejected' ? outcome.reason : undefined,
  };
}

function target(clock: VirtualClock, seen: Seen, script: Script) {
  const tries = new Map<number, number>();
  let inFlight = 0;
  return async (batch: readonly number[]): Promise<SendOutcome> => {
    const send = { batch: [...batch], fromMs: clock.nowMs(), toMs: Number.POSITIVE_INFINITY };
    const sends = seen.sends.push(send);
    inFlight += 1;
    seen.mostInFlight = Math.max(seen.mostInFlight, inFlight);
    await clock.sleep(script.tookMs?.(batch, sends) ?? 100);
    inFlight -= 1;
    send.toMs = clock.nowMs();
    const whole = script.send?.(sends, batch);
    if (whole) return whole;
    const entries = batch.map((n) => {
      tries.set(n, (tries.get(n) ?? 0) + 1);
      const outcome = script.entry?.(n, tries.get(n) ?? 0) ?? accepted;
      if (outcome.kind === 'accepted') seen.taken.push(n);
      return outcome;
    });
    return { kind: 'answered', entries };
  };
}

/** Where a run that did not get further is to begin. */
export const behind = (n: number): Cursor => ({ n, byte: n * lineBytes });
