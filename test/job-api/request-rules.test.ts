/** Rules of a request that need no AWS: sizes to the byte, functions by name and ARN, waits, when to look again. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lambdaLimits, queueLimits } from '../../lambdas/contract/limits.ts';
import { listedFunction } from '../../lambdas/domain/job/function-reference.ts';
import { queueMessage } from '../../lambdas/domain/job/message.ts';
import { retryAfterSeconds } from '../../lambdas/domain/job/retry-after.ts';
import { storedTask, taskProblems } from '../../lambdas/domain/job/task-input.ts';
import { waitWish } from '../../lambdas/domain/job/wait-wish.ts';

const nowMs = Date.UTC(2026, 0, 1);
const place = { job: '0b6c1b5e-8f5e-4a43-9d5e-1d9a7c3f1e11', n: 17, target: 'group:shop', nowMs };

describe('the size of a task', () => {
  const largest = (target: string, unit: string): number => {
    let [fits, over] = [0, 2_000_000];
    while (over - fits > 1) {
      const length = Math.floor((fits + over) / 2);
      if (taskProblems({ id: 'é', body: unit.repeat(length) }, { ...place, target }).length === 0) fits = length;
      else over = length;
    }
    return fits;
  };

  it.each(['x', 'é', '\ufffe', '"'])('of %j is as large as a message may be, tried again too', (unit) => {
    const length = largest('group:shop', unit);
    const context = {
      job: place.job,
      taskGroup: 'shop',
      fifo: false,
      life: 9,
      nowMs,
      deadlineMs: nowMs,
      previous: { attempts: 4, error: { class: 'DATA', message: 'x'.repeat(900) } },
    } as const;
    const bytes = queueMessage(storedTask({ id: 'é', body: unit.repeat(length) }, 17, nowMs), context).bytes;
    expect(bytes).toBeLessThanOrEqual(queueLimits.messageBytes);
    expect(bytes).toBeGreaterThan(queueLimits.messageBytes - 200);
  });

  it('of a function leaves room for what surrounds it', () => {
    const length = largest('function:crunch', 'x');
    expect(length).toBeLessThan(lambdaLimits.asyncPayloadBytes - 1_000);
    expect(length).toBeGreaterThan(lambdaLimits.asyncPayloadBytes - 2_000);
  });
});

describe('a task as it is stored', () => {
  it('has its delay counted from when the job was accepted', () => {
    expect(storedTask({ body: 1, delaySeconds: 60 }, 1, nowMs)).toEqual({ n: 1, body: 1, runAtMs: nowMs + 60_000 });
    expect(storedTask({ body: null, runAt: '2026-01-01T02:00:00+02:00' }, 2, nowMs)).toEqual({ n: 2, body: null, runAtMs: nowMs });
  });
});

describe('a function', () => {
  const stage = { partition: 'aws', region: 'eu-central-1', accountId: '123456789012' };
  const arn = (name: string, region = 'eu-central-1', account = '123456789012') => `arn:aws:lambda:${region}:${account}:function:${name}`;
  it.each([
    ['crunch', ['crunch'], 'crunch'],
    ['crunch', [arn('crunch')], arn('crunch')],
    [arn('crunch'), ['other', 'crunch'], 'crunch'],
    ['crunch:live', ['crunch:live'], 'crunch:live'],
    ['crunch:live', ['crunch'], undefined],
    ['crunch', ['crunch:live'], undefined],
    [arn('crunch', 'us-east-1'), ['crunch'], undefined],
    [arn('crunch', 'eu-central-1', '999999999999'), ['crunch'], undefined],
    ['Crunch', ['crunch'], undefined],
    ['crunch', [], undefined],
  ])('%s of %j is %s', (reference, listed, expected) => expect(listedFunction(reference, listed, stage)).toBe(expected));
});

describe('how long to wait', () => {
  const wish = (preferences: { wait?: number; respondAsync?: boolean }, async?: boolean, byDefault = true) =>
    waitWish({ preferences: { respondAsync: false, ...preferences }, async }, byDefault).seconds;
  it.each([
    [wish({}), 0],
    [wish({}, undefined, false), 25],
    [wish({}, false), 25],
    [wish({}, true, false), 0],
    [wish({ wait: 7 }), 7],
    [wish({ wait: 7 }, true), 7],
    [wish({ wait: 999 }), 25],
    [wish({ wait: 0 }, false), 0],
    [wish({ respondAsync: true }, false), 0],
    [wish({ respondAsync: true, wait: 5 }), 5],
  ])('case %#', (seconds, expected) => expect(seconds).toBe(expected));
});

it('looking again is worth it after a second at least, and half a minute at most', () => {
  const moment = fc.option(
    fc.date({ min: new Date(0), max: new Date(4e12), noInvalidDate: true }).map((date) => date.toISOString()),
    { nil: undefined },
  );
  fc.assert(
    fc.property(fc.constantFrom('PENDING' as const, 'RUNNING' as const), moment, moment, (status, runAt, estimatedEndAt) => {
      const seconds = retryAfterSeconds({ status, ...(runAt && { runAt }), ...(estimatedEndAt && { estimatedEndAt }) }, nowMs);
      expect(Number.isInteger(seconds) && seconds >= 1 && seconds <= 30).toBe(true);
    }),
  );
});
