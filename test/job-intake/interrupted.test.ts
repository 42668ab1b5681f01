/** A file that is read in several runs, by runs that die, by two at once, or for a job that ends meanwhile. */
import { AbortMultipartUploadCommand } from '@aws-sdk/client-s3';
import { beforeAll, describe, expect, it } from 'vitest';
import { taskFileKey } from '../../lambdas/contract/data-bucket.ts';
import { IntakeWorld } from './intake-world.ts';

/** 300 KB: four parts, and a rest. Every 50th line is bad. */
const count = 300;
const line = (n: number) => (n % 50 === 0 ? '{' : JSON.stringify({ body: { n, text: 'x'.repeat(1_000) } }));
const source = Buffer.from(`${Array.from({ length: count }, (_, i) => line(i + 1)).join('\n')}\n`);

let whole = '';
beforeAll(async () => {
  const world = new IntakeWorld();
  const job = await world.submit(source);
  expect(await world.readAll(job)).toBe(1);
  whole = world.fileText(job) ?? '';
  expect(whole.split('\n')).toHaveLength(count - count / 50 + 1);
});

async function expectWhole(world: IntakeWorld, job: string) {
  expect(world.fileText(job) === whole).toBe(true);
  expect(world.row(job)).toMatchObject({ total: count, fileBytes: Buffer.byteLength(whole) });
  const { counts } = (await world.settled(world.services().jobs.look(job))) ?? {};
  expect(counts).toMatchObject({ failed: count / 50, unsent: count / 50 });
  expect(world.taskRow(job, 50)?.error?.line).toBe(50);
  expect(world.hints('dispatch')).toEqual([{ kind: 'schedule' }]);
}

describe('a file', () => {
  it('is read on by the next run where one has no more time', async () => {
    const world = new IntakeWorld();
    const job = await world.submit(source);
    expect(await world.readAll(job, { withinMs: 60_008 })).toBeGreaterThan(3);
    await expectWhole(world, job);
  });

  it('is the same wherever a run died', async () => {
    for (let nth = 1; ; nth += 1) {
      const world = new IntakeWorld();
      const job = await world.submit(source);
      const { services, dead } = world.environmentOf('dies');
      const when = nth % 2 === 0 ? 'before' : 'after';
      world.aws.log.plant({ fits: ({ caller }) => caller === 'dies', nth, when, effect: 'crash' });
      const ended = await world.settled(Promise.race([world.run(services, job), dead]));
      await world.aws.clock.advance(80_000);
      await world.readAll(job);
      await expectWhole(world, job);
      if (ended !== 'killed') return;
    }
  });

  it('is left alone while another reads it', async () => {
    const world = new IntakeWorld();
    const job = await world.submit(source);
    const one = world.run(world.services(), job);
    const other = world.run(world.environmentOf('other').services, job);
    expect(await world.settled(Promise.all([one, other]))).toEqual([false, true]);
    expect(world.aws.log.calls.some(({ caller, service }) => caller === 'other' && service === 's3')).toBe(false);
    await expectWhole(world, job);
  });

  it('of a job that is cancelled meanwhile is left, and its upload dropped', async () => {
    const world = new IntakeWorld();
    const job = await world.submit(source);
    expect(await world.settled(world.run(world.services(), job, { withinMs: 60_012 }))).toBe(true);
    expect(world.aws.s3.uploads.open).toBe(1);
    await world.settled(world.services().jobs.cancel(world.row(job)));
    await world.readAll(job);
    expect(world.aws.s3.uploads.open).toBe(0);
    expect(world.row(job)).toMatchObject({ status: 'CANCELLED' });
    expect(world.fileText(job)).toBeUndefined();
  });

  it('is read from its start where its upload was dropped', async () => {
    const world = new IntakeWorld();
    const job = await world.submit(source);
    await world.settled(world.run(world.services(), job, { withinMs: 60_012 }));
    const { uploadId } = world.row(job).intake ?? {};
    const Key = taskFileKey(job);
    await world.settled(
      world.services().clients.s3.send(new AbortMultipartUploadCommand({ Bucket: 'data-bucket', Key, UploadId: uploadId })),
    );
    await world.aws.clock.advance(80_000);
    await world.readAll(job);
    await expectWhole(world, job);
  });

  it('that is made young again under the reader goes on with the new object', async () => {
    const world = new IntakeWorld();
    const job = await world.submit(source);
    const { source: now } = world.row(job);
    // The reader has read its row when the other object takes the place of the first.
    world.change(job, { source: { ...now, etag: '"before"' } });
    const run = world.run(world.services(), job);
    await world.aws.clock.run(() => world.aws.log.calls.some(({ operation }) => operation === 'GetObject'));
    world.change(job, { source: now });
    expect(await world.settled(run)).toBe(true);
    await world.readAll(job);
    await expectWhole(world, job);
  });

  it('fails its job where no run gets on', async () => {
    const world = new IntakeWorld();
    const job = await world.submit(Buffer.alloc(500_000, 0x20));
    await world.readAll(job, { withinMs: 60_001 });
    expect(world.row(job)).toMatchObject({ status: 'FAILED', failure: expect.stringContaining('not one line of it ended') });
  });

  it('that fails for hours fails its job', async () => {
    const world = new IntakeWorld();
    const job = await world.submit(source);
    const broken = Object.assign(new Error('down'), { name: 'InternalError', $metadata: { httpStatusCode: 500 } });
    for (let nth = 1; nth <= 10; nth += 1)
      world.aws.log.plant({ fits: ({ operation }) => operation === 'GetObject', nth, when: 'before', effect: broken });
    expect(await world.settled(world.run(world.services(), job))).toBe(true);
    expect(await world.settled(world.run(world.services(), job, { receives: 200 }))).toBe(false);
    expect(world.row(job)).toMatchObject({ status: 'FAILED', failure: expect.stringContaining('its file could not be read: GetObject') });
  });
});
