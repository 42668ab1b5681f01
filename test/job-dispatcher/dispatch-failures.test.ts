/** What the dispatch engine does when sends fail: one entry, a whole send, everything, or our own stores. */
import { describe, expect, it } from 'vitest';
import { accepted, type EntryOutcome } from '../../lambdas/domain/job/send-outcome.ts';
import { sendTries } from '../../lambdas/domain/job/send-window.ts';
import { TargetUnavailable } from '../../lambdas/job-dispatcher/dispatch-input.ts';
import { behind, run, tasks } from './dispatch-world.ts';

const again: EntryOutcome = { kind: 'again', message: 'InternalError' };
const failed = { kind: 'failed', message: 'ThrottlingException: slow down' } as const;

describe('a failed entry', () => {
  it('is sent again alone, with longer and longer pauses', async () => {
    const { seen } = await run(tasks(50), { entry: (n, tries) => (n === 7 && tries < 4 ? again : accepted) });
    const retries = seen.sends.filter(({ batch }) => batch.length === 1);
    expect(retries.map(({ batch }) => batch)).toEqual([[7], [7], [7]]);
    const [first, second, third] = retries.map(({ fromMs, toMs }) => ({ fromMs, toMs }));
    expect((third?.fromMs ?? 0) - (second?.toMs ?? 0)).toBeGreaterThan((second?.fromMs ?? 0) - (first?.toMs ?? 0));
    expect(seen.taken).toHaveLength(50);
  });

  it('is given up as TRANSIENT after its tries, and stops nobody', async () => {
    const { seen, result } = await run(tasks(500), { entry: (n) => (n === 7 ? again : accepted) });
    expect(seen.refused).toEqual([{ n: 7, id: undefined, fromByte: 600, toByte: 700, class: 'TRANSIENT', message: 'InternalError' }]);
    expect(result).toMatchObject({ cursor: behind(500), sent: 499, refused: 1 });
    expect(seen.sends.filter(({ batch }) => batch.includes(7))).toHaveLength(sendTries);
  });

  it('that is the sender’s fault is given up at once', async () => {
    const bad: EntryOutcome = { kind: 'refused', class: 'DATA', message: 'InvalidMessageContents' };
    const { seen } = await run(tasks(30), { entry: (n) => (n === 7 ? bad : accepted) });
    expect(seen.sends).toHaveLength(3);
    expect(seen.refused).toMatchObject([{ n: 7, class: 'DATA', message: 'InvalidMessageContents' }]);
  });

  it('is a task that is too large for a send, without having been sent', async () => {
    const message = ({ task: { n } }: { task: { n: number } }) => ({ entry: n, bytes: n === 3 ? 1_001 : 400 });
    const { seen } = await run(tasks(6), {}, { message, limits: { tasks: 10, bytes: 1_000 } });
    expect(seen.sends.map(({ batch }) => batch)).toEqual([[1, 2], [4, 5], [6]]);
    expect(seen.refused).toMatchObject([{ n: 3, class: 'DATA', message: 'with its envelope it has 1001 bytes; a task may have 1000' }]);
  });
});

describe('push-back', () => {
  it('halves the sends in flight, and they come back', async () => {
    let throttledUntil = 0;
    const { seen } = await run(tasks(6_000), {
      send: (sends) => (sends >= 41 && sends <= 60 && throttledUntil++ < 20 ? failed : undefined),
    });
    const inFlightAt = (ms: number) => seen.sends.filter(({ fromMs, toMs }) => fromMs <= ms && ms < toMs).length;
    const lastFailed = seen.sends[59]?.toMs ?? 0;
    expect(inFlightAt(lastFailed + 50)).toBeLessThanOrEqual(10);
    expect(Math.max(...seen.sends.slice(-60).map(({ fromMs }) => inFlightAt(fromMs)))).toBe(20);
    expect(seen.taken).toHaveLength(6_000);
    expect(new Set(seen.taken).size).toBe(6_000);
  });

  it('of one batch alone gives that one up as TRANSIENT', async () => {
    const { seen, result } = await run(
      tasks(5_000),
      { send: (_, batch) => (batch.includes(15) ? failed : undefined) },
      { maxConcurrent: 2 },
    );
    expect(seen.refused.map(({ n }) => n)).toEqual([11, 12, 13, 14, 15, 16, 17, 18, 19, 20]);
    expect(seen.refused[0]).toMatchObject({ class: 'TRANSIENT', message: failed.message });
    expect(result).toMatchObject({ sent: 4_990, cursor: behind(5_000) });
  });

  it('of everything ends the run before the tasks, and gives none up', async () => {
    const { seen, error } = await run(tasks(500), { send: (sends) => (sends > 4 ? failed : undefined) }, { setAside: undefined as never });
    expect(error).toBeInstanceOf(TargetUnavailable);
    expect(error).toMatchObject({ message: failed.message, progress: { cursor: behind(40), sent: 40 } });
    expect(seen.refused).toEqual([]);
  });
});

describe('a target that is gone', () => {
  const gone = { kind: 'impossible', message: 'QueueDoesNotExist' } as const;

  it('ends the run at once, the cursor before what was not taken', async () => {
    const { seen, error } = await run(tasks(5_000), { send: (sends) => (sends > 30 ? gone : undefined) }, { setAside: undefined as never });
    expect(error).toBeInstanceOf(TargetUnavailable);
    expect(error).toMatchObject({ message: 'QueueDoesNotExist', progress: { cursor: behind(300), sent: 300 } });
    expect(seen.sends.length).toBeLessThanOrEqual(50);
  });

  it('has what was prepared put aside where somebody does that', async () => {
    const { seen, error } = await run(tasks(500), { send: () => gone });
    expect(error).toMatchObject({ progress: { cursor: behind(seen.aside.length), sent: 0 } });
    expect(seen.aside.length).toBeGreaterThan(0);
  });
});

describe('our own stores', () => {
  const broken = new Error('ConditionalCheckFailed');
  const fails = async () => Promise.reject(broken);

  it.each([
    ['the checkpoint', { checkpoint: fails }, {}],
    ['the filter', { prepare: fails }, {}],
    ['the record of what was refused', { refused: fails }, { entry: () => ({ kind: 'refused', class: 'DATA', message: '' }) as const }],
  ])('%s failing ends the run, and nothing more is sent', async (_, options, script) => {
    const { seen, error } = await run(tasks(10_000), { tookMs: () => 300, ...script }, options);
    expect(error).toBe(broken);
    expect(seen.sends.length).toBeLessThan(200);
    expect(seen.aside).toEqual([]);
  });
});
