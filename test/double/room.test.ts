/**
 * Room for reserved concurrency, in whole stages: who waits comes up when room is made, few hints are spent on it, and
 * room that nobody uses is given back.
 */
import { describe, expect, it } from 'vitest';
import { ownReservedConcurrency, StageSettings } from '../../lambdas/contract/settings.ts';
import type { Call } from './aws/calls.ts';
import { type OwnStage, stageNames } from './own-stage.ts';
import { hintsSent, refuseFunctions, seconds, stageWith, sweep } from './stage-steps.ts';

const ledgerRows = (stage: OwnStage, kind: 'grant' | 'waiter') =>
  stage.aws.dynamodb
    .table(stageNames.control)
    .items()
    .filter((item) => item['pk'] === kind)
    .map((item) => item['sk']);

async function expectRoomFor(stage: OwnStage, taskGroup: string, concurrency: number): Promise<void> {
  stage.write({ taskGroup, concurrency });
  await seconds(stage, 60);
  expect([stage.row(taskGroup)?.phase, stage.row(taskGroup)?.message]).toEqual([
    'Active',
    expect.stringContaining(`${concurrency} at once`),
  ]);
  expect([ledgerRows(stage, 'grant'), ledgerRows(stage, 'waiter')]).toEqual([[taskGroup], []]);
}

it('brings up all who wait when one big group goes, for about one hint each', async () => {
  const waiters = 40;
  const own = ownReservedConcurrency(StageSettings.parse({}));
  const stage = await stageWith([], { aws: { lambda: { accountConcurrency: 100 + own + waiters } } });
  stage.write({ taskGroup: 'big', concurrency: waiters, onDelete: 'discard' });
  await seconds(stage, 30);
  for (let i = 0; i < waiters; i += 1) stage.write({ taskGroup: `w${i}`, concurrency: 1 });
  await seconds(stage, 120);
  expect(stage.countPhase('Waiting')).toBe(waiters);

  const before = stage.aws.log.calls.length;
  stage.remove('big');
  expect(await stage.runUntil(() => stage.countPhase('Active') === waiters && stage.hintsLeft === 0, 300_000)).toBe(true);
  expect(hintsSent(stage, before)).toBeLessThanOrEqual(2 * waiters);
});

it('gives back what a group asked for whose function AWS refuses', async () => {
  const stage = await stageWith([]);
  refuseFunctions(stage, 'The runtime parameter of nodejs18.x is no longer supported', (input) => input['Runtime'] === 'nodejs18.x');
  stage.write({ taskGroup: 'refused', concurrency: 800, function: { runtime: 'nodejs18.x' } });
  await seconds(stage, 200);
  expect(stage.row('refused')?.phase).toBe('Failed');
  await expectRoomFor(stage, 'good', 500);
  await sweep(stage);
  expect([stage.row('good')?.phase, stage.row('refused')?.phase]).toEqual(['Active', 'Waiting']);
});

describe('a look that was cut off before it wrote a row, its item removed then', () => {
  const mentions = (word: string, operation: string) => (call: Pick<Call, 'operation' | 'input'>) =>
    call.operation === operation && JSON.stringify(call.input).includes(`"${word}"`);

  it('leaves no grant behind', async () => {
    const stage = await stageWith([]);
    stage.aws.log.plant({ nth: 1, when: 'after', effect: 'crash', fits: mentions('grant', 'TransactWrite') });
    stage.write({ taskGroup: 'typo', concurrency: 800 });
    await seconds(stage, 5);
    expect([stage.row('typo'), ledgerRows(stage, 'grant')]).toEqual([undefined, ['typo']]);
    stage.remove('typo');
    await seconds(stage, 200);
    await expectRoomFor(stage, 'good', 500);
  });

  it('leaves nobody in the order of those who wait', async () => {
    const stage = await stageWith([]);
    stage.write({ taskGroup: 'big', concurrency: 700, onDelete: 'discard' });
    await seconds(stage, 30);
    stage.aws.log.plant({ nth: 1, when: 'after', effect: 'crash', fits: mentions('waiter', 'Put') });
    stage.write({ taskGroup: 'typo', concurrency: 800 });
    await seconds(stage, 5);
    expect([stage.row('typo'), ledgerRows(stage, 'waiter')]).toEqual([undefined, ['typo']]);
    stage.remove('typo');
    await seconds(stage, 200);
    stage.remove('big');
    await seconds(stage, 60);
    await expectRoomFor(stage, 'good', 500);
  });
});
