/** What consumers remember of tasks: the table on AWS's rules, and the one of authors' tests, by one table of cases. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { taskRecords } from '../../consumer/aws/task-records.ts';
import type { ClaimAnswer, TaskRecords, TaskReference } from '../../consumer/ports.ts';
import { memoryRecords } from '../../consumer/testing/memory-records.ts';
import { recordKeepSeconds } from '../../lambdas/contract/task-table.ts';
import type { FailedAttempt, Letter } from '../../lambdas/contract/task-wire.ts';
import { AwsDouble } from './aws/double.ts';
import type { SettingsChange } from './aws/settings.ts';

const t0 = Date.UTC(2026, 0, 1);
const task: TaskReference = { pipeline: 'acme', task: 'order 7', redrives: 0 };
const by = (holder: string | undefined) => ({ ...task, holder });
const claimOf = (holder: string, aliveUntilMs = t0 + 1_000) => ({ ...task, holder, aliveUntilMs });
const failure: FailedAttempt = { attempt: 1, class: 'TRANSIENT', message: 'no', time: '2026-01-01T00:00:00.000Z', step: 'charge' };
const failed = { excused: false, failed: [failure] };
const excused = { excused: true, failed: [] };
const done = { status: 'done' as const, keepSeconds: 100, failed: [] };
const dead = { status: 'dead' as const, keepSeconds: 100, failed: [failure] };
const overMs = t0 + 101_000;
const keepMs = recordKeepSeconds * 1_000;
const withoutWriteId = (answer: ClaimAnswer) =>
  answer.kind === 'claimed' ? { ...answer, before: { ...answer.before, writeId: undefined } } : answer;
/** Nothing of a life before shows in a task's second start. */
const freshAt = (ms: number) => {
  const fresh = { status: 'waiting', starts: 1, excused: 0, history: [failure], startedAtMs: ms, firstClaimedAtMs: ms };
  return { kind: 'claimed', before: { ...fresh, expiresAt: expect.any(Number) } };
};

function onDouble(change: SettingsChange = {}) {
  const aws = new AwsDouble(change);
  aws.dynamodb.createTable({ name: 'tasks', hash: 'pk', range: 'sk', ttl: 'expiresAt' });
  const { clients } = aws.caller('consumer');
  const records = taskRecords(clients.documents, 'tasks');
  const items = () => aws.dynamodb.table('tasks').items();
  return { aws, records, items, wait: <T>(promise: Promise<T>) => aws.clock.until(promise) };
}

type World = { records: TaskRecords; wait: <T>(promise: Promise<T>) => Promise<T> };
const worlds: [string, () => World][] = [
  ['in the table', () => onDouble()],
  ['in memory', () => ({ records: memoryRecords(), wait: (promise) => promise })],
];

type Step = (records: TaskRecords) => Promise<unknown>;
const none = expect.not.objectContaining({ holder: expect.anything() });

/** What was done, and what the last of it gives. */
type Case = [string, Step[], unknown];

const cases: Case[] = [
  ['a task nobody knows is claimed', [(r) => r.claim(claimOf('a'), t0)], { kind: 'claimed', before: undefined }],
  [
    'while its holder may be alive it is held',
    [(r) => r.claim(claimOf('a'), t0), (r) => r.claim(claimOf('b'), t0 + 1_000)],
    { kind: 'held', untilMs: t0 + 1_000 },
  ],
  [
    'after that it is claimed from the dead',
    [(r) => r.claim(claimOf('a'), t0), (r) => r.claim(claimOf('b'), t0 + 1_001)],
    { kind: 'claimed', before: expect.objectContaining({ status: 'running', starts: 1, excused: 0, startedAtMs: t0 }) },
  ],
  [
    'asked twice by one holder it was counted once',
    [
      (r) => r.claim(claimOf('a'), t0),
      (r) => r.claim(claimOf('a'), t0),
      (r) => r.release(by('a'), failed, t0),
      (r) => r.claim(claimOf('b'), t0),
    ],
    { kind: 'claimed', before: expect.objectContaining({ starts: 1 }) },
  ],
  [
    'a failed attempt is spent and told',
    [(r) => r.claim(claimOf('a'), t0), (r) => r.release(by('a'), failed, t0), (r) => r.claim(claimOf('b'), t0)],
    { kind: 'claimed', before: expect.objectContaining({ status: 'waiting', starts: 1, excused: 0, history: [failure] }) },
  ],
  [
    'an excused one is not',
    [(r) => r.claim(claimOf('a'), t0), (r) => r.release(by('a'), excused, t0), (r) => r.claim(claimOf('b'), t0)],
    { kind: 'claimed', before: expect.objectContaining({ status: 'waiting', starts: 1, excused: 1, history: [] }) },
  ],
  [
    'who holds it no longer releases nothing',
    [
      (r) => r.claim(claimOf('a'), t0),
      (r) => r.claim(claimOf('b'), t0 + 2_000),
      (r) => r.release(by('a'), failed, t0),
      (r) => r.claim(claimOf('c'), t0),
    ],
    { kind: 'held', untilMs: t0 + 1_000 },
  ],
  ['nor ends it', [(r) => r.claim(claimOf('a'), t0), (r) => r.claim(claimOf('b'), t0 + 2_000), (r) => r.end(by('a'), done, t0)], false],
  ['who holds it ends it', [(r) => r.claim(claimOf('a'), t0), (r) => r.end(by('a'), done, t0)], true],
  ['once', [(r) => r.claim(claimOf('a'), t0), (r) => r.end(by('a'), done, t0), (r) => r.end(by('a'), done, t0)], false],
  [
    'with what it returned, or where that is',
    [
      (r) => r.claim(claimOf('a'), t0),
      (r) => r.end(by('a'), { ...done, kept: { result: '{}', resultKey: 'k' } }, t0),
      (r) => r.claim(claimOf('b'), t0),
    ],
    { kind: 'ended', record: expect.objectContaining({ status: 'done', result: '{}', resultKey: 'k' }) },
  ],
  [
    'or as one that was never run',
    [(r) => r.claim(claimOf('a'), t0), (r) => r.end(by('a'), { ...done, untold: 'cancelled' }, t0 + 5), (r) => r.claim(claimOf('b'), t0)],
    { kind: 'ended', record: expect.objectContaining({ status: 'done', cancelledAtMs: t0 + 5 }) },
  ],
  [
    'or as one that somebody else goes on with',
    [(r) => r.claim(claimOf('a'), t0), (r) => r.end(by('a'), { ...done, untold: 'handedOn' }, t0 + 5), (r) => r.claim(claimOf('b'), t0)],
    { kind: 'ended', record: expect.objectContaining({ status: 'done', handedOnAtMs: t0 + 5 }) },
  ],
  [
    'what has ended is not claimed again',
    [(r) => r.claim(claimOf('a'), t0), (r) => r.end(by('a'), dead, t0), (r) => r.claim(claimOf('b'), t0 + 2_000)],
    { kind: 'ended', record: expect.objectContaining({ status: 'dead', starts: 1, history: [failure] }) },
  ],
  [
    'nor freed by a late release',
    [
      (r) => r.claim(claimOf('a'), t0),
      (r) => r.end(by('a'), done, t0),
      (r) => r.release(by('a'), failed, t0),
      (r) => r.release(by(undefined), failed, t0),
      (r) => r.claim(claimOf('b'), t0),
    ],
    { kind: 'ended', record: expect.objectContaining({ status: 'done', history: [] }) },
  ],
  [
    'unclaimed, a failed attempt makes its record',
    [(r) => r.release(by(undefined), failed, t0), (r) => r.claim(claimOf('a'), t0)],
    { kind: 'claimed', before: expect.objectContaining({ status: 'waiting', starts: 1, excused: 0, history: [failure] }) },
  ],
  [
    'and the next adds to it',
    [(r) => r.release(by(undefined), failed, t0), (r) => r.release(by(undefined), failed, t0), (r) => r.claim(claimOf('a'), t0)],
    { kind: 'claimed', before: expect.objectContaining({ starts: 2, history: [failure, failure] }) },
  ],
  [
    'unclaimed, nothing is released that another holds',
    [(r) => r.claim(claimOf('a'), t0), (r) => r.release(by(undefined), failed, t0), (r) => r.claim(claimOf('b'), t0)],
    { kind: 'held', untilMs: t0 + 1_000 },
  ],
  ['unclaimed, it can end', [(r) => r.end(by(undefined), dead, t0)], true],
  [
    'with its start counted',
    [(r) => r.end(by(undefined), dead, t0), (r) => r.claim(claimOf('b'), t0)],
    { kind: 'ended', record: expect.objectContaining({ status: 'dead', starts: 1, history: [failure] }) },
  ],
  ['once, too', [(r) => r.end(by(undefined), dead, t0), (r) => r.end(by(undefined), done, t0)], false],
  ['unclaimed, nothing ends that another holds', [(r) => r.claim(claimOf('a'), t0), (r) => r.end(by(undefined), dead, t0)], false],
  [
    'released with a copy that may still run, nobody gets it before that is surely dead',
    [
      (r) => r.claim(claimOf('a'), t0),
      (r) => r.release(by('a'), { ...failed, aliveUntilMs: t0 + 5_000 }, t0),
      (r) => r.claim(claimOf('b'), t0 + 5_000),
    ],
    { kind: 'held', untilMs: t0 + 5_000 },
  ],
  [
    'and then it was an attempt as any other',
    [(r) => r.release(by(undefined), { ...failed, aliveUntilMs: t0 + 5_000 }, t0), (r) => r.claim(claimOf('b'), t0 + 5_001)],
    { kind: 'claimed', before: expect.objectContaining({ status: 'waiting', starts: 1, history: [failure] }) },
  ],
  [
    'its first claim stays known',
    [
      (r) => r.claim(claimOf('a'), t0),
      (r) => r.release(by('a'), failed, t0),
      (r) => r.claim(claimOf('b'), t0 + 500),
      (r) => r.release(by('b'), failed, t0),
      (r) => r.claim(claimOf('c'), t0 + 900),
    ],
    { kind: 'claimed', before: expect.objectContaining({ firstClaimedAtMs: t0 }) },
  ],
  [
    'its letter is on its queue since',
    [(r) => r.end(by(undefined), dead, t0), (r) => r.lettered(task, 'message 1', t0 + 7), (r) => r.claim(claimOf('b'), t0)],
    { kind: 'ended', record: expect.objectContaining({ letteredAtMs: t0 + 7 }) },
  ],
  [
    'forgotten, it was never there',
    [(r) => r.claim(claimOf('a'), t0), (r) => r.forget({ ...task, holder: 'a' }), (r) => r.claim(claimOf('b'), t0)],
    { kind: 'claimed', before: undefined },
  ],
  [
    'but only by who holds it',
    [(r) => r.claim(claimOf('a'), t0), (r) => r.forget({ ...task, holder: 'b' }), (r) => r.claim(claimOf('b'), t0)],
    { kind: 'held', untilMs: t0 + 1_000 },
  ],
  [
    'put back, it begins anew',
    [(r) => r.end(by(undefined), dead, t0), (r) => r.claim({ ...claimOf('a'), redrives: 1 }, t0)],
    { kind: 'claimed', before: undefined },
  ],
  [
    'done, it is known to the last second it is kept',
    [(r) => r.claim(claimOf('a'), t0), (r) => r.end(by('a'), done, t0), (r) => r.claim(claimOf('b'), t0 + 100_999)],
    { kind: 'ended', record: expect.objectContaining({ status: 'done' }) },
  ],
  ...(['done', 'dead'] as const).map(
    (status): Case => [
      `${status} and kept long enough, it is a new task`,
      [(r) => r.claim(claimOf('a'), t0), (r) => r.end(by('a'), { ...dead, status }, t0), (r) => r.claim(claimOf('b'), overMs)],
      { kind: 'claimed', before: undefined },
    ],
  ),
  [
    'of which nothing is left',
    [
      (r) => r.claim(claimOf('a'), t0),
      (r) => r.release(by('a'), excused, t0),
      (r) => r.claim(claimOf('b'), t0),
      (r) => r.end(by('b'), dead, t0),
      (r) => r.lettered(task, 'message 1', t0),
      (r) => r.claim(claimOf('c', overMs), overMs),
      (r) => r.release(by('c'), failed, overMs),
      (r) => r.claim(claimOf('d', overMs), overMs).then(withoutWriteId),
    ],
    freshAt(overMs),
  ],
  [
    'so is one that waited for too long',
    [
      (r) => r.claim(claimOf('a'), t0),
      (r) => r.release(by('a'), failed, t0),
      (r) => r.claim(claimOf('b', t0 + keepMs + 2_000), t0 + keepMs + 1_000),
      (r) => r.release(by('b'), failed, t0 + keepMs + 1_000),
      (r) => r.claim(claimOf('c'), t0 + keepMs + 1_000).then(withoutWriteId),
    ],
    freshAt(t0 + keepMs + 1_000),
  ],
  [
    'or whose holder never came back',
    [(r) => r.claim(claimOf('a'), t0), (r) => r.claim(claimOf('b'), t0 + keepMs + 1_000)],
    { kind: 'claimed', before: undefined },
  ],
  [
    'but not while its holder may be alive',
    [(r) => r.claim(claimOf('a', t0 + keepMs + 1_000), t0), (r) => r.claim(claimOf('b'), t0 + keepMs + 1_000)],
    { kind: 'held', untilMs: t0 + keepMs + 1_000 },
  ],
  [
    'kept long enough, it can end unclaimed again',
    [(r) => r.end(by(undefined), dead, t0), (r) => r.end(by(undefined), dead, overMs)],
    true,
  ],
  [
    'and fail unclaimed again, as if for the first time',
    [(r) => r.end(by(undefined), dead, t0), (r) => r.release(by(undefined), failed, overMs), (r) => r.claim(claimOf('b', overMs), overMs)],
    { kind: 'claimed', before: expect.objectContaining({ status: 'waiting', starts: 1, history: [failure] }) },
  ],
];

describe.each(worlds)('%s', (_name, make) => {
  it.each(cases)('%s', async (_what, steps, expected) => {
    const { records, wait } = make();
    let answer: unknown;
    for (const step of steps) answer = await wait(step(records));
    expect(answer).toEqual(expected);
  });

  it('who is done with it holds it no longer', async () => {
    const { records, wait } = make();
    await wait(records.claim(claimOf('a'), t0));
    await wait(records.release(by('a'), failed, t0));
    expect(await wait(records.claim(claimOf('b'), t0))).toMatchObject({ before: none });
  });

  it('steps are found by name, also after it was put back, and only its own', async () => {
    const { records, wait } = make();
    const expiresAt = t0 / 1_000;
    const record = (json: string) => ({ json, recordedAtMs: t0, expiresAt });
    await wait(records.recordStep(task, 'a', record('1')));
    await wait(records.recordStep(task, 'b#c', { recordedAtMs: t0, expiresAt }));
    await wait(records.recordStep(task, 'over', { recordedAtMs: t0, expiresAt: expiresAt - 1 }));
    await wait(records.recordStep({ ...task, task: 'order 77' }, 'a', record('2')));
    await wait(records.claim(claimOf('a'), t0));
    const found = await wait(records.steps({ ...task, redrives: 3 }, t0));
    expect([...found].toSorted()).toEqual([
      ['a', record('1')],
      ['b#c', { recordedAtMs: t0, expiresAt }],
    ]);
  });
});

describe('in the table', () => {
  it('many steps come in pages', async () => {
    const { records, wait } = onDouble({ dynamodb: { pageBytes: 500 } });
    const names = Array.from({ length: 40 }, (_, n) => `step ${n}`);
    for (const name of names) await wait(records.recordStep(task, name, { json: '"x"', recordedAtMs: t0, expiresAt: t0 }));
    expect([...(await wait(records.steps(task, t0))).keys()].toSorted()).toEqual(names.toSorted());
  });

  it('a letter without room on its message is kept', async () => {
    const { records, wait, items } = onDouble();
    const letter: Letter = {
      v: 1,
      ...{ task: 'order 7', group: 'acme' },
      class: 'DATA',
      message: 'no',
      attempt: 1,
      time: 'now',
      redrives: 2,
      history: [],
      by: 'sluice',
    };
    await wait(records.keepLetter({ ...task, redrives: 2 }, letter, 'message-9', t0));
    expect(items()).toEqual([
      {
        pk: 'task#acme#order 7',
        sk: 'letter#2',
        json: JSON.stringify(letter),
        messageId: 'message-9',
        expiresAt: t0 / 1_000 + 15 * 86_400,
      },
    ]);
  });

  it('records go when nobody needs them any more', async () => {
    const { records, wait, items } = onDouble();
    await wait(records.claim(claimOf('a'), t0));
    expect(items()).toEqual([expect.objectContaining({ expiresAt: t0 / 1_000 + 15 * 86_400 })]);
    await wait(records.end(by('a'), done, t0));
    expect(items()).toEqual([expect.objectContaining({ status: 'done', expiresAt: t0 / 1_000 + 100 })]);
  });

  it('of claims at once exactly one wins, also where a record is over', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 2, max: 8 }), fc.nat(), fc.boolean(), fc.boolean(), async (claims, seed, staleReads, over) => {
        const { records, wait } = onDouble({ seed, latencyMs: { min: 0, max: 100 }, dynamodb: { staleMs: staleReads ? 1_000 : 0 } });
        if (over) await wait(records.end(by(undefined), dead, t0 - 101_000));
        const answers = await wait(Promise.all(Array.from({ length: claims }, (_, n) => records.claim(claimOf(`holder-${n}`), t0))));
        expect(answers.filter(({ kind }) => kind === 'claimed')).toEqual([{ kind: 'claimed', before: undefined }]);
        expect(answers.filter(({ kind }) => kind === 'held')).toHaveLength(claims - 1);
      }),
      { numRuns: 50 },
    );
  });
});

describe('where the write happened and its answer was lost', () => {
  /** The nth write is done, its answer is lost, and the SDK asks again. */
  function losing(nth: number) {
    const world = onDouble({ sdkAttempts: 3 });
    const lost = Object.assign(new Error('socket hang up'), { name: 'TimeoutError' });
    world.aws.log.plant({ nth, when: 'after', effect: lost, fits: ({ operation }) => operation === 'Update' });
    return world;
  }

  it('a claim is still ours, counted once', async () => {
    const { records, wait, items } = losing(1);
    expect(await wait(records.claim(claimOf('a'), t0))).toMatchObject({ kind: 'claimed' });
    expect(items()).toEqual([expect.objectContaining({ starts: 1, holder: 'a' })]);
  });

  it.each([
    ['failed', 'waiting', (records: TaskRecords) => records.release(by('a'), failed, t0)],
    ['ended silently', 'running', async () => {}],
  ])('a claim tells that the attempt before %s', async (_how, status, endAttempt) => {
    const { aws, records, wait } = onDouble({ sdkAttempts: 3 });
    await wait(records.claim(claimOf('a'), t0));
    await wait(endAttempt(records));
    const lost = Object.assign(new Error('socket hang up'), { name: 'TimeoutError' });
    aws.log.plant({ nth: 1, when: 'after', effect: lost, fits: ({ operation }) => operation === 'Update' });
    expect(await wait(records.claim(claimOf('b', t0 + 9_000), t0 + 2_000))).toMatchObject({
      kind: 'claimed',
      before: { status, starts: 1 },
    });
  });

  it.each([
    ['claimed', 'a', 2],
    ['unclaimed', undefined, 1],
  ])('a failed attempt is spent once: %s', async (_how, holder, nth) => {
    const { records, wait, items } = losing(nth);
    if (holder) await wait(records.claim(claimOf(holder), t0));
    await wait(records.release(by(holder), failed, t0));
    expect(items()).toEqual([expect.objectContaining({ status: 'waiting', starts: 1, history: [failure] })]);
  });

  it.each([
    ['claimed', 'a', 2],
    ['unclaimed', undefined, 1],
  ])('an end is ours: %s', async (_how, holder, nth) => {
    const { records, wait, items } = losing(nth);
    if (holder) await wait(records.claim(claimOf(holder), t0));
    expect(await wait(records.end(by(holder), dead, t0))).toBe(true);
    expect(items()).toEqual([expect.objectContaining({ status: 'dead', starts: 1, history: [failure] })]);
  });
});
