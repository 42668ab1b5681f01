/** Groups whose target says "too many", on whole stages: the mapping during long coolings, the status, and what hints cost. */
import { describe, expect, it } from 'vitest';
import { pipelineNames } from '../../lambdas/contract/names.ts';
import { coolingSortKey, dayOf, groupKey, limitedSortKey } from '../../lambdas/contract/task-table.ts';
import type { Call } from './aws/calls.ts';
import { type OwnStage, stageNames } from './own-stage.ts';
import { hintsSent, seconds, stageWith, sweep } from './stage-steps.ts';

const names = (stage: OwnStage) => pipelineNames(stage.settings.prefix, 'g', false);
const key = (stage: OwnStage) => ({ pk: groupKey(names(stage).function), sk: coolingSortKey });

async function coolable(fields: Record<string, unknown> = {}): Promise<OwnStage> {
  const stage = await stageWith([]);
  stage.write({ taskGroup: 'g', concurrency: 2, consumer: 'sluice', ...fields });
  await stage.runUntil(() => ['Active', 'Paused'].includes(stage.row('g')?.phase ?? ''), 60_000);
  await seconds(stage, 20);
  return stage;
}

/** As a consumer writes it. */
function cool(stage: OwnStage, forSeconds: number, count = 17): void {
  const { dynamodb, clock } = stage.aws;
  const nowMs = clock.nowMs();
  const record = { untilMs: nowMs + forSeconds * 1_000, lastLimitedAtMs: nowMs, message: 'HTTP 429', streak: 1, expiresAt: 4e9 };
  dynamodb.put(stageNames.tasks, { ...key(stage), ...record });
  const pk = groupKey(names(stage).function);
  dynamodb.put(stageNames.tasks, { pk, sk: limitedSortKey(dayOf(nowMs)), count, lastLimitedAtMs: nowMs, expiresAt: 4e9 });
}

function hint(stage: OwnStage): void {
  stage.aws.sqs
    .find('changes')
    ?.send({ body: JSON.stringify({ kind: 'group', taskGroup: 'g', class: 'change' }) }, stage.aws.clock.nowMs());
}

const enabled = (stage: OwnStage) => stage.aws.lambda.mappings.all().map((mapping) => mapping.enabled);
const phases = (calls: Call[]) =>
  new Set(
    calls.flatMap(({ input }) => (input['TableName'] === stageNames.pipelines ? [(input['Item'] as { phase?: string })?.phase] : [])),
  );
const outside = (stage: OwnStage, since: number) =>
  stage.aws.log
    .since(since, ({ service, operation }) => service !== 'dynamodb' && !['ChangeMessageVisibility', 'GetQueueUrl'].includes(operation))
    .map(({ operation }) => operation);
const updates = (stage: OwnStage, since = 0) =>
  stage.aws.log.since(since, ({ operation, outcome }) => operation === 'UpdateEventSourceMapping' && outcome === 'ok').length;

describe('a long cooling', () => {
  it('disables the mapping until it is over, says so, and stays Active', async () => {
    const stage = await coolable();
    const before = stage.aws.log.calls.length;
    cool(stage, 600);
    hint(stage);
    await seconds(stage, 15);
    expect(enabled(stage)).toEqual([false]);
    expect(stage.row('g')).toMatchObject({
      phase: 'Active',
      message: expect.stringMatching(/^cooling until \d\d:\d\d:\d\dZ, its mapping disabled after HTTP 429; 17 refusals today; 2 at once/),
      limited: { today: 17, mappingDisabled: true },
    });
    await seconds(stage, 580);
    expect(enabled(stage)).toEqual([false]);
    await seconds(stage, 20);
    expect(enabled(stage)).toEqual([true]);
    expect(stage.row('g')).toMatchObject({ phase: 'Active', message: expect.stringMatching(/^2 at once/) });
    expect([updates(stage, before), phases(stage.aws.log.since(before))]).toEqual([2, new Set(['Active', undefined])]);
  });

  it('stays disabled to its end, also when looked at shortly before', async () => {
    const stage = await coolable();
    cool(stage, 600);
    hint(stage);
    await seconds(stage, 570);
    hint(stage);
    await sweep(stage, 20);
    expect(enabled(stage)).toEqual([false]);
    await seconds(stage, 30);
    expect(enabled(stage)).toEqual([true]);
  });

  it('lasts as long as it is prolonged, for days', async () => {
    const stage = await coolable();
    cool(stage, 600);
    hint(stage);
    await seconds(stage, 300);
    cool(stage, 60 * 3_600);
    hint(stage);
    await seconds(stage, 59 * 3_600);
    expect(enabled(stage)).toEqual([false]);
    await seconds(stage, 3_620);
    expect([enabled(stage), updates(stage)]).toEqual([[true], 2]);
  });

  it('ends when its record is deleted by hand', async () => {
    const stage = await coolable();
    cool(stage, 3_600);
    hint(stage);
    await seconds(stage, 30);
    stage.aws.dynamodb.delete(stageNames.tasks, key(stage));
    hint(stage);
    await seconds(stage, 30);
    expect([enabled(stage), stage.row('g')?.limited]).toEqual([[true], undefined]);
  });

  it('whose hint is lost is found by a sweep, and ends by itself', async () => {
    const stage = await coolable();
    cool(stage, 600);
    await sweep(stage, 30);
    expect([enabled(stage), stage.row('g')?.phase]).toEqual([[false], 'Active']);
    await seconds(stage, 590);
    expect(enabled(stage)).toEqual([true]);
  });

  it.each(Array.from({ length: 24 }, (_, i) => i + 1))('outlives a crash at call %i', async (nth) => {
    const stage = await coolable();
    stage.aws.log.plant({
      nth,
      when: nth % 2 === 0 ? 'before' : 'after',
      effect: 'crash',
      fits: ({ caller }) => caller.startsWith('pipelineR'),
    });
    cool(stage, 600);
    hint(stage);
    await seconds(stage, 200);
    expect([enabled(stage), stage.row('g')?.phase]).toEqual([[false], 'Active']);
    await seconds(stage, 600);
    expect([enabled(stage), stage.row('g')?.phase]).toEqual([[true], 'Active']);
  });

  it('is worked off all the same by a group that is removed', async () => {
    const stage = await coolable();
    stage.aws.sqs.find(names(stage).queue)?.send({ body: 'task' }, stage.aws.clock.nowMs());
    cool(stage, 6_000);
    hint(stage);
    await seconds(stage, 30);
    stage.remove('g');
    await seconds(stage, 60);
    expect([enabled(stage), stage.row('g')?.phase, stage.row('g')?.message]).toEqual([
      [true],
      'Draining',
      '1 message left, sending is denied',
    ]);
  });

  it('is nothing to a plain consumer, nor to a paused group', async () => {
    const plain = await coolable({ consumer: 'plain' });
    const paused = await coolable({ paused: true });
    for (const stage of [plain, paused]) {
      cool(stage, 600);
      hint(stage);
      await seconds(stage, 30);
    }
    expect([enabled(plain), plain.row('g')?.limited]).toEqual([[true], undefined]);
    expect([enabled(paused), paused.row('g')?.phase, updates(paused)]).toEqual([[false], 'Paused', 0]);
    expect(paused.row('g')?.message).toMatch(/^paused/);
    paused.write({ taskGroup: 'g', concurrency: 2, consumer: 'sluice' });
    await seconds(paused, 300);
    expect([enabled(paused), paused.row('g')?.phase]).toEqual([[false], 'Active']);
    await seconds(paused, 300);
    expect(enabled(paused)).toEqual([true]);
  });
});

describe('a short cooling', () => {
  it('is noted and forgotten without a call outside our tables', async () => {
    const stage = await coolable();
    const before = stage.aws.log.calls.length;
    cool(stage, 40, 1);
    hint(stage);
    await seconds(stage, 10);
    expect(stage.row('g')?.message).toMatch(/^cooling until \d\d:\d\d:\d\dZ after HTTP 429; 1 refusal today; 2 at once/);
    await seconds(stage, 40);
    expect(stage.row('g')).toMatchObject({ phase: 'Active', message: expect.stringMatching(/^2 at once/), limited: { today: 1 } });
    expect(outside(stage, before)).toEqual([]);
  });
});

describe('hints', () => {
  it('of a group that never cooled cost one read more, and write nothing', async () => {
    const stage = await coolable();
    const before = stage.aws.log.calls.length;
    hint(stage);
    await seconds(stage, 10);
    expect(outside(stage, before)).toEqual([]);
    expect(stage.aws.log.since(before, ({ operation }) => operation === 'Put')).toEqual([]);
  });

  it('in a storm lead to few looks, one change of the mapping, and one look that comes back', async () => {
    const stage = await coolable();
    cool(stage, 600);
    const before = stage.aws.log.calls.length;
    for (let second = 0; second < 20; second += 1) {
      for (let i = 0; i < 300; i += 1) hint(stage);
      await seconds(stage, 1);
    }
    await stage.runUntil(() => (stage.aws.sqs.find('changes')?.size ?? 0) <= 30, 120_000);
    const rowsWritten = stage.aws.log.since(
      before,
      ({ operation, input }) => operation === 'Put' && input['TableName'] === stageNames.pipelines,
    );
    expect(updates(stage, before)).toBe(1);
    expect(outside(stage, before).length).toBeLessThan(15);
    expect(rowsWritten.length).toBeLessThan(20);
    expect([enabled(stage), hintsSent(stage, before)]).toEqual([[false], 0]);
    await seconds(stage, 600);
    expect([enabled(stage), stage.hintsLeft, updates(stage, before)]).toEqual([[true], 0, 2]);
  });
});
