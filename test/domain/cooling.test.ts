/** What a cooling makes of the mapping and the status, and who looks again. */
import { describe, expect, it } from 'vitest';
import type { Limited } from '../../lambdas/contract/pipeline-row.ts';
import { coolingMessage, judgeCooling, saysMore, watchAtMs } from '../../lambdas/domain/cooling.ts';

const nowMs = Date.UTC(2026, 0, 1, 12);
const iso = (atMs: number) => new Date(atMs).toISOString();
const record = (seconds: number) => ({
  untilMs: nowMs + seconds * 1_000,
  lastLimitedAtMs: nowMs,
  message: 'HTTP 429',
  streak: 0,
  expiresAt: 0,
});
const noted = (fields: Partial<Limited> = {}): Limited => ({
  untilMs: nowMs + 30_000,
  until: iso(nowMs + 30_000),
  lastLimitedAt: iso(nowMs),
  today: 1,
  day: '2026-01-01',
  message: '',
  ...fields,
});
const judge = (seconds: number, row?: Limited) => judgeCooling({ cooling: record(seconds) }, row, nowMs);

describe('a cooling', () => {
  it.each<[string, number, Limited | undefined, { runs: boolean; disables: boolean; changesMapping: boolean }]>([
    ['short', 60, undefined, { runs: true, disables: false, changesMapping: false }],
    ['long', 61, undefined, { runs: true, disables: true, changesMapping: true }],
    ['short in what is left of it', 30, noted({ mappingDisabled: true }), { runs: true, disables: true, changesMapping: false }],
    ['over', 0, noted(), { runs: false, disables: false, changesMapping: false }],
    ['long and over', -1, noted({ mappingDisabled: true }), { runs: false, disables: false, changesMapping: true }],
  ])('that is %s', (_what, seconds, row, verdict) => expect(judge(seconds, row)).toMatchObject(verdict));

  it('that is gone ends', () => {
    expect(judgeCooling({}, noted({ mappingDisabled: true }), nowMs)).toEqual({ runs: false, disables: false, changesMapping: true });
  });

  it('until a moment no date can say is no error', () => {
    const cooling = { ...record(0), untilMs: 1e300, lastLimitedAtMs: 1e300 };
    expect(judgeCooling({ cooling }, undefined, nowMs).limited?.until).toBe('+275760-09-13T00:00:00.000Z');
  });
});

describe('the look that comes back', () => {
  const hour = 3_600;
  it.each<[string, number, Limited | undefined, boolean, number | undefined]>([
    ['is the first', 30, undefined, false, 30],
    ['is one alone', 30, noted({ lookAtMs: nowMs + 20_000 }), false, undefined],
    ['goes on when it was cut off', 30, noted({ lookAtMs: nowMs + 20_000 }), true, 20],
    ['goes on when the cooling was prolonged', 300, noted({ lookAtMs: nowMs }), false, 300],
    ['is replaced when it would come too late', 30, noted({ lookAtMs: nowMs + 90_000 }), false, 30],
    ['comes in between in a very long one', 40 * hour, undefined, false, 6 * hour],
    ['is not needed when it is over', 0, noted(), true, undefined],
  ])('%s', (_what, seconds, row, awaited, inSeconds) => {
    expect(watchAtMs(judge(seconds, row), awaited, nowMs)).toBe(inSeconds === undefined ? undefined : nowMs + inSeconds * 1_000);
  });
});

describe('the row', () => {
  it.each<[string, Limited | undefined, Limited | undefined, number, boolean]>([
    ['a first refusal', undefined, noted(), 0, true],
    ['a longer cooling', noted(), noted({ untilMs: nowMs + 60_000 }), 0, true],
    ['more refusals, a moment ago', noted(), noted({ today: 2 }), 1, false],
    ['more refusals, since a while', noted(), noted({ today: 2 }), 10, true],
    ['nothing new', noted(), noted(), 100, false],
    ['the end of the record', noted(), undefined, 0, true],
  ])('is written for %s', (_what, one, other, secondsAgo, written) =>
    expect(saysMore(one, other, iso(nowMs - secondsAgo * 1_000), nowMs)).toBe(written),
  );

  it.each<[Partial<Limited>, string]>([
    [{ message: 'HTTP 429', today: 17 }, 'cooling until 12:00:30Z after HTTP 429; 17 refusals today'],
    [{ mappingDisabled: true }, 'cooling until 12:00:30Z, its mapping disabled; 1 refusal today'],
    [{ untilMs: nowMs + 86_400_000 }, 'cooling until 2026-01-02T12:00:00Z; 1 refusal today'],
  ])('%j says "%s"', (fields, said) => expect(coolingMessage(noted(fields))).toBe(said));
});
