/** An event's way out: to the topic and the webhook, each as often as it takes, and no further once both have it. */
import { expect, it } from 'vitest';
import { outbox } from '../../lambdas/aws/jobs/outbox.ts';
import { sendText } from '../../lambdas/aws/send-text.ts';
import { JobEvent } from '../../lambdas/contract/job.ts';
import { jobTables } from '../double/job-stage.ts';
import { event, NotifierWorld } from './notifier-world.ts';

const failed = { kind: 'failed', why: 'its host answered 503' } as const;
const day = 86_400_000;

async function delivered(world: NotifierWorld): Promise<void> {
  await world.hint();
  await world.run();
}

it('goes to both topics and to the webhook, the same bytes, and its row goes', async () => {
  const world = new NotifierWorld();
  world.ended();
  await delivered(world);
  const [published] = world.published;
  expect(world.posts.map(({ body }) => body)).toEqual([published?.message]);
  expect(JobEvent.parse(JSON.parse(published?.message ?? ''))).toMatchObject({
    id: event,
    type: 'job.failed',
    time: '2026-01-01T00:00:00.000Z',
    job: { id: 'job1', status: 'FAILED', name: 'nightly', taskGroup: 'shop' },
  });
  const attributes = { type: 'job.failed', status: 'FAILED', state: 'failed', job: 'job1', taskGroup: 'shop' };
  expect(published?.attributes).toEqual(attributes);
  expect(world.ordered).toMatchObject([{ group: 'job1', message: published?.message, attributes }]);
  expect(world.row).toBeUndefined();
});

it('goes to the topics alone where the job has no webhook', async () => {
  const world = new NotifierWorld();
  world.ended({});
  await delivered(world);
  expect(world.published).toHaveLength(1);
  expect(world.posts).toEqual([]);
  expect(world.row).toBeUndefined();
});

it('comes back to a host that fails, later each time, with the same bytes, and is published once', async () => {
  const world = new NotifierWorld();
  world.host = (count) => (count < 8 ? failed : { kind: 'accepted' });
  world.ended();
  await delivered(world);
  const waits = world.posts.slice(1).map(({ atMs }, i) => Math.round((atMs - (world.posts[i]?.atMs ?? 0)) / 1_000));
  expect(waits).toEqual([5, 30, 120, 600, 1_800, 3_600, 3_600]);
  expect(new Set(world.posts.map(({ event: id, body }) => `${id} ${body}`)).size).toBe(1);
  expect(world.published).toHaveLength(1);
  expect(world.row).toBeUndefined();
  expect(world.stage.job('job1')?.warnings).toEqual([]);
});

it('gives a host up that fails for a day, and the job says so without its URL', async () => {
  const world = new NotifierWorld();
  world.host = () => failed;
  world.ended();
  await delivered(world);
  const lasted = (world.posts.at(-1)?.atMs ?? 0) - (world.posts[0]?.atMs ?? 0);
  expect(lasted).toBeGreaterThan(day - 3_600_000);
  expect(lasted).toBeLessThanOrEqual(day);
  expect(world.stage.job('job1')?.warnings).toEqual([
    `webhook of ${event} given up after ${world.posts.length} tries: its host answered 503`,
  ]);
  expect(world.row).toBeUndefined();
  expect(JSON.stringify(world.stage.logged)).not.toContain('hidden');
});

it('gives a host up at once that wants no more', async () => {
  const world = new NotifierWorld();
  world.host = () => ({ kind: 'refused', why: 'its host answered 410: it wants no more of them' });
  world.ended();
  await delivered(world);
  expect(world.posts).toHaveLength(1);
  expect(world.stage.job('job1')?.warnings[0]).toContain('given up after one try');
  expect(world.row).toBeUndefined();
});

it('reaches the webhook once while the topics fail, and the topics later', async () => {
  const world = new NotifierWorld();
  const { log } = world.stage.aws;
  for (let nth = 1; nth <= 6; nth += 1)
    log.plant({ fits: ({ operation }) => operation === 'Publish', nth, when: 'before', effect: new Error('topic down') });
  world.ended();
  await delivered(world);
  expect(world.posts).toHaveLength(1);
  expect(world.published).toHaveLength(1);
  expect(world.row).toBeUndefined();
});

it('is delivered once though it is hinted twice', async () => {
  const world = new NotifierWorld();
  world.ended();
  await Promise.all([world.hint(), world.hint()]);
  await world.run();
  expect(world.posts).toHaveLength(1);
  expect(world.published).toHaveLength(1);
});

it('tells of the end it is of, though the job is tried again since', async () => {
  const world = new NotifierWorld();
  world.ended();
  world.stage.putJob({ job: 'job1', life: 1 }, 'RUNNING');
  await delivered(world);
  expect(JSON.parse(world.published[0]?.message ?? '')).toMatchObject({ type: 'job.failed', job: { status: 'FAILED', life: 0 } });
});

it('goes with a job that is gone', async () => {
  const world = new NotifierWorld();
  world.ended();
  world.stage.putJob({ job: 'job1', expiresAt: 1 });
  await delivered(world);
  expect(world.row).toBeUndefined();
  expect(world.published).toEqual([]);
});

it('is done with a message that is no hint', async () => {
  const world = new NotifierWorld();
  const { sqs } = world.stage.caller('test').clients;
  await world.stage.aws.clock.until(sendText(sqs, world.stage.aws.sqs.find('events')?.identity.url ?? '', '{"job":"job1"}'));
  await world.run();
  expect(world.stage.logged).toContainEqual(expect.objectContaining({ level: 'error', message: 'not a hint' }));
  expect(world.notifier.tally).toMatchObject({ ok: 1, error: 0 });
});

it('is found by the sweep when nobody was told of it, and not while it waits for its next try', async () => {
  const world = new NotifierWorld();
  const { clock } = world.stage.aws;
  const events = outbox(world.stage.caller('sweeper').clients.documents, jobTables.jobs);
  const forgotten = () => clock.until(events.forgotten(clock.nowMs()));
  world.host = (count) => (count < 6 ? failed : { kind: 'accepted' });
  world.ended();
  await clock.advance(5 * 60_000);
  expect(await forgotten()).toEqual([]);
  await clock.advance(6 * 60_000);
  const [found] = await forgotten();
  expect(found).toMatchObject({ event, job: 'job1' });
  if (found) await clock.until(events.note(found, { nextTryMs: clock.nowMs() }));
  expect(await forgotten()).toEqual([]);
  await world.hint();
  // The fifth try has failed, and the sixth is half an hour away.
  await clock.run(() => world.posts.length === 5);
  await clock.advance(25 * 60_000);
  expect(await forgotten()).toEqual([]);
  await world.run();
  expect(world.posts).toHaveLength(6);
  expect(world.row).toBeUndefined();
});
