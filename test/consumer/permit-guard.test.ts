/** What one task sees of permits: nested, side by side, unknown, none free, lost. Over the permits for authors' tests. */
import { describe, expect, it } from 'vitest';
import { ConfigurationError, TransientError } from '../../consumer/errors.ts';
import type { Permits } from '../../consumer/ports.ts';
import { PermitGuard, PermitWait } from '../../consumer/runtime/permit-guard.ts';
import { memoryPermits } from '../../consumer/testing/memory-permits.ts';
import { VirtualClock } from '../double/virtual-clock.ts';

function guarded(limit = 1, change: (permits: Permits) => Partial<Permits> = () => ({})) {
  const clock = new VirtualClock();
  const permits = memoryPermits({ gpu: limit, disk: 1 });
  const lost: Error[] = [];
  const abort = new AbortController();
  const guard = new PermitGuard({
    permits: { ...permits, ...change(permits) },
    clock,
    request: {
      ...{ pipeline: 'p', task: 't', deadlineMs: clock.nowMs() + 900_000, queueName: 'q', receiptHandle: 'r' },
      ...{ sentAtMs: clock.nowMs(), receives: 1 },
    },
    lose: (reason) => {
      lost.push(reason);
      abort.abort(reason);
    },
    warn: () => {},
  });
  return { clock, permits, guard, lost, signal: abort.signal };
}

describe('a permit', () => {
  it('is held while the function runs, and given back also where it throws', async () => {
    const { guard, permits } = guarded();
    expect(await guard.withPermit('gpu', () => permits.held('gpu'))).toBe(1);
    await expect(guard.withPermit('gpu', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(permits.held('gpu')).toBe(0);
  });

  it('is the same inside itself, also beneath another', async () => {
    const { guard, permits } = guarded();
    const held = await guard.withPermit('gpu', () => guard.withPermit('disk', () => guard.withPermit('gpu', () => permits.held('gpu'))));
    expect(held).toBe(1);
  });

  it('is asked for anew by code that outlived it', async () => {
    const { guard, permits, clock } = guarded();
    const after = await guard.withPermit('gpu', () => ({
      late: clock.sleep(10).then(() => guard.withPermit('gpu', () => permits.held('gpu'))),
    }));
    const give = permits.hold('gpu');
    await expect(clock.until(after.late)).rejects.toBeInstanceOf(PermitWait);
    give();
  });

  it('serves the same task side by side one after the other', async () => {
    const { guard, clock } = guarded();
    let [running, most] = [0, 0];
    const one = async () => {
      running += 1;
      most = Math.max(most, running);
      await clock.sleep(100);
      running -= 1;
    };
    await clock.until(Promise.all([guard.withPermit('gpu', one), guard.withPermit('gpu', one), guard.withPermit('gpu', one)]));
    expect(most).toBe(1);
  });

  it('that nobody set up is the configuration’s fault, and says where to add it', async () => {
    const { guard } = guarded();
    const asked = guard.withPermit('nobody', () => 1);
    await expect(asked).rejects.toBeInstanceOf(ConfigurationError);
    await expect(asked).rejects.toThrow(/no permit nobody; add it to the stage's setting "permits"/);
  });

  it('that is not free has the task come back', async () => {
    const { guard, permits } = guarded();
    const giveBack = permits.hold('gpu');
    await expect(guard.withPermit('gpu', () => 1)).rejects.toMatchObject({ name: 'PermitWait', seconds: 5 });
    giveBack();
    expect(await guard.withPermit('gpu', () => 1)).toBe(1);
  });
});

describe('a lease', () => {
  const until = (signal: AbortSignal) => new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));

  it('is renewed while the function runs', async () => {
    const { guard, clock, lost, permits } = guarded();
    const over = await clock.until(
      guard.withPermit('gpu', async () => {
        await clock.sleep(600_000);
        return permits.held('gpu');
      }),
    );
    expect({ over, lost }).toEqual({ over: 1, lost: [] });
  });

  it.each<[string, Partial<Permits>, number]>([
    ['cannot be renewed', { renew: () => Promise.reject(new Error('down')) }, 57_000],
    ['gets no answer', { renew: () => new Promise(() => {}) }, 57_000],
    ['is somebody else’s', { renew: async () => undefined }, 20_000],
  ])('that %s aborts the task before others may hold it', async (_what, change, afterMs) => {
    const { guard, clock, lost, signal } = guarded(1, () => change);
    const beganMs = clock.nowMs();
    const work = guard.withPermit('gpu', () => until(signal));
    await expect(clock.until(work)).rejects.toBeInstanceOf(TransientError);
    expect(clock.nowMs() - beganMs).toBe(afterMs);
    expect(lost).toHaveLength(1);
  });

  it.each([0, 9, 901, Number.NaN])('of %d seconds is refused', async (leaseSeconds) => {
    await expect(guarded().guard.withPermit('gpu', () => 1, { leaseSeconds })).rejects.toThrow(
      `leaseSeconds is ${leaseSeconds}, must be 10-900`,
    );
  });

  it('that could not be given back does not fail the task', async () => {
    const { guard } = guarded(1, () => ({ release: () => Promise.reject(new Error('down')) }));
    expect(await guard.withPermit('gpu', () => 'done')).toBe('done');
  });
});
