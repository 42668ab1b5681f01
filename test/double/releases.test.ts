/**
 * Releases on whole stages: what keeps a release from being proved or rolled out and what must not, commands that meet a
 * proof in flight, and counts that stay true however close uploads follow each other.
 */
import { SendMessageBatchCommand } from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import { AwsError } from './aws/errors.ts';
import { seededRandom } from './aws/random.ts';
import { zipOf } from './aws/s3.ts';
import type { OwnStage } from './own-stage.ts';
import { command, functionNames, refuseFunctions, seconds, stageWith, standIn, sweep, throttleInvocations } from './stage-steps.ts';

const running = (stage: OwnStage, taskGroup: string) => stage.row(taskGroup)?.release?.version;
const upload = (stage: OwnStage, label: string) => stage.upload(zipOf(label)).versionId;
const leftProofs = (stage: OwnStage) => functionNames(stage).filter((name) => name.includes('-proof-'));

describe('a proof', () => {
  it('is not given by the group that comes first if AWS refuses its layer', async () => {
    const stage = await stageWith(['b', 'c', 'd']);
    refuseFunctions(stage, 'Layer version gone:1 does not exist.', ({ Layers }) => Array.isArray(Layers) && Layers.length > 0);
    stage.write({
      taskGroup: 'a',
      concurrency: 2,
      function: { layers: ['arn:aws:lambda:eu-central-1:123456789012:layer:gone:1'] },
    });
    await seconds(stage, 200);
    expect(stage.row('a')?.phase).toBe('Failed');

    const version = upload(stage, 'second');
    await seconds(stage, 300);
    expect(stage.release(version)).toMatchObject({ state: 'RolledOut', total: 4, done: 3, failed: 1 });
    expect(['b', 'c', 'd'].map((group) => running(stage, group))).toEqual([version, version, version]);
  });

  it('waits while invocations are throttled, however long', async () => {
    const stage = await stageWith(['a']);
    let throttled = true;
    throttleInvocations(stage, () => throttled);
    const version = upload(stage, 'second');
    await seconds(stage, 1_800);
    expect([stage.release(version)?.state, running(stage, 'a') === version]).toEqual(['Proving', false]);
    throttled = false;
    await seconds(stage, 120);
    expect([stage.release(version)?.state, running(stage, 'a')]).toEqual(['RolledOut', version]);
    expect(leftProofs(stage)).toEqual([]);
  });

  const wrongItem =
    'the environment is not that of a library consumer; write consumer: "sluice" in the config item (SLUICE_STAGE: is missing)';

  it('fails where the code is on the library and the item does not say so, and tells what to do', async () => {
    const stage = await stageWith(['a']);
    const before = running(stage, 'a');
    stage.aws.lambda.onInvoke = () => ({ errorType: 'ConfigurationError', errorMessage: wrongItem });
    const version = upload(stage, 'second');
    await seconds(stage, 120);
    expect(stage.release(version)).toMatchObject({ state: 'Refused', message: expect.stringContaining(wrongItem) });
    expect([running(stage, 'a'), leftProofs(stage)]).toEqual([before, []]);
  });

  it.each([
    ['ConfigurationError', 'no tasks given'],
    ['Error', wrongItem],
  ])("takes a consumer's own error for its opinion of an empty batch: %s: %s", async (errorType, errorMessage) => {
    const stage = await stageWith(['a']);
    stage.aws.lambda.onInvoke = () => ({ errorType, errorMessage });
    const version = upload(stage, 'second');
    await seconds(stage, 120);
    expect([stage.release(version)?.state, running(stage, 'a')]).toEqual(['RolledOut', version]);
  });
});

it('rolls out although a group on its key drains', async () => {
  const stage = await stageWith(['a', 'b', 'c']);
  const queue = stage.aws.sqs.all().find(({ identity: { name } }) => name.includes('-tg-c-') && !name.includes('dlq'));
  queue?.send({ body: 'left' }, stage.aws.clock.nowMs());
  stage.remove('c');
  await seconds(stage, 30);
  expect(stage.row('c')?.phase).toBe('Draining');
  const version = upload(stage, 'second');
  await seconds(stage, 120);
  expect(stage.release(version)).toMatchObject({ state: 'RolledOut', total: 3, done: 2, skipped: 1 });
});

describe('a rollback', () => {
  it('whose hint could not be sent has happened all the same: the sweep brings the pipelines back', async () => {
    const stage = await stageWith(['a']);
    const versions = [stage.pointer()?.version];
    for (const label of ['second', 'third']) {
      versions.push(upload(stage, label));
      await seconds(stage, 60);
    }
    standIn(stage.aws.sqs.operations, SendMessageBatchCommand, (_input, usual, caller) => {
      if (caller.startsWith('codeUpdater')) throw new AwsError('ServiceUnavailable', 'try again', 503);
      return usual();
    });
    expect(await command(stage, 'rollback')).toMatchObject({ version: versions[1] });
    expect(stage.pointer()).toMatchObject({ version: versions[1], history: [versions[0]] });
    expect(running(stage, 'a')).toBe(versions[2]);
    await sweep(stage);
    expect([running(stage, 'a'), stage.release(String(versions[1]))?.state]).toEqual([versions[1], 'RolledOut']);
  });

  it('during a proof holds: the upload is not promoted, and its proof function goes', async () => {
    const stage = await stageWith(['a']);
    const before = upload(stage, 'second');
    await seconds(stage, 60);
    let throttled = true;
    throttleInvocations(stage, () => throttled);
    const version = upload(stage, 'third');
    await stage.runUntil(() => leftProofs(stage).length > 0, 60_000);
    const back = await command(stage, 'rollback');
    expect(back).not.toMatchObject({ version: before });
    throttled = false;
    await seconds(stage, 300);
    expect([stage.release(version)?.state, stage.pointer()?.version]).toEqual(['RolledBack', running(stage, 'a')]);
    expect(back).toMatchObject({ version: running(stage, 'a') });
    expect(leftProofs(stage)).toEqual([]);
  });
});

it('stays stopped if it was during its proof, and goes on when it is resumed', async () => {
  const stage = await stageWith(['a']);
  const version = upload(stage, 'second');
  await stage.runUntil(() => leftProofs(stage).length > 0, 60_000);
  await command(stage, 'stop');
  await seconds(stage, 300);
  await sweep(stage);
  expect([stage.release(version)?.state, running(stage, 'a') === version]).toEqual(['Stopped', false]);
  await command(stage, 'resume');
  await seconds(stage, 120);
  expect([stage.release(version)?.state, running(stage, 'a')]).toEqual(['RolledOut', version]);
  expect(leftProofs(stage)).toEqual([]);
});

it('leaves no proof function behind when it is stopped while AWS throttles its proof', async () => {
  const stage = await stageWith(['a']);
  let throttled = true;
  throttleInvocations(stage, () => throttled);
  const stopped = upload(stage, 'second');
  await seconds(stage, 60);
  await command(stage, 'stop');
  await seconds(stage, 120);
  expect([stage.release(stopped)?.state, leftProofs(stage)]).toEqual(['Stopped', []]);
  throttled = false;
  await command(stage, 'resume');
  await seconds(stage, 120);
  expect([stage.release(stopped)?.state, running(stage, 'a'), leftProofs(stage)]).toEqual(['RolledOut', stopped, []]);
});

describe('counts', () => {
  it.each([1, 2, 3, 4, 5, 6])('never exceed the total where uploads follow closely, and the last one runs (seed %i)', async (seed) => {
    const stage = await stageWith(['a', 'b', 'c'], { aws: { seed } });
    const pause = seededRandom(seed);
    const versions: string[] = [];
    const counted: unknown[] = [];
    stage.aws.log.watch = () => {
      for (const version of versions) {
        const release = stage.release(version);
        if (release && release.done + release.failed + release.skipped > release.total) counted.push(release);
      }
    };
    for (let i = 0; i < 5; i += 1) {
      versions.push(upload(stage, `upload ${i}`));
      await seconds(stage, pause() * 6);
    }
    await seconds(stage, 120);
    await sweep(stage, 60);
    expect(counted).toEqual([]);
    expect(stage.release(String(versions.at(-1)))).toMatchObject({ state: 'RolledOut', total: 3, done: 3 });
    expect(['a', 'b', 'c'].map((group) => running(stage, group))).toEqual(Array(3).fill(versions.at(-1)));
    expect(versions.filter((version) => ['Proving', 'RollingOut'].includes(String(stage.release(version)?.state)))).toEqual([]);
  });

  it.each([2, 3, 5, 8, 12])('are true after a rollback %i s after an upload, whose hint comes twice', async (after) => {
    const stage = await stageWith(['a', 'b', 'c']);
    const first = stage.pointer()?.version;
    const second = upload(stage, 'second');
    await seconds(stage, after);
    await command(stage, 'rollback', first);
    await command(stage, 'check');
    await seconds(stage, 120);
    await sweep(stage, 60);
    expect(stage.release(String(first))).toMatchObject({ state: 'RolledOut', total: 3, done: 3, failed: 0, skipped: 0 });
    expect(stage.release(second)).toMatchObject({ state: 'RolledBack' });
    expect(['a', 'b', 'c'].map((group) => running(stage, group))).toEqual([first, first, first]);
  });
});
