/** What the sweep finds: jobs that are due, what nobody goes on with, files that would expire, groups that do not work. */
import { expect, it } from 'vitest';
import { taskFileKey } from '../../../lambdas/contract/data-bucket.ts';
import { intakeKey } from '../../../lambdas/contract/job-table.ts';
import { DispatchStage } from './dispatch-stage.ts';
import { jobRow, outboxOf } from './recount.ts';
import { dataBucket, tables } from './resources.ts';

const day = 86_400;
const hintsIn = (stage: DispatchStage, name: string) => (stage.aws.sqs.find(name)?.messages() ?? []).map(({ body }) => JSON.parse(body));

it('a job whose every hint is lost goes on all the same', async () => {
  const stage = new DispatchStage({ mishaps: { hintLost: 1 } });
  const acme = stage.group('acme', { taskMs: () => 100 });
  const job = await stage.submit({ taskGroup: 'acme', delaySeconds: 100 }, [{}, {}, { delaySeconds: 200 }]);
  // Hints of the sweep itself come.
  const send = stage.sweeper.invoke.bind(stage.sweeper);
  stage.aws.clock.every(60_000, () => {
    stage.mishaps = { ...stage.mishaps, hintLost: 0 };
    stage.aws.clock.after(5_000, () => {
      stage.mishaps = { ...stage.mishaps, hintLost: 1 };
    });
    void send({});
  });
  expect(await stage.end([job], 900)).toEqual(['COMPLETED']);
  expect(acme.runs).toHaveLength(3);
});

it('a file that nobody reads, and an event that nobody delivers, are hinted at again', async () => {
  const stage = new DispatchStage();
  stage.group('acme');
  const createdAtMs = stage.nowMs;
  stage.aws.dynamodb.put(tables.jobs, { ...intakeKey(createdAtMs, 'unread'), job: 'unread', createdAtMs });
  const job = await stage.submit({ taskGroup: 'acme' }, [{}]);
  await stage.end([job], 60);
  await stage.pass(5);
  stage.resources.queues.events.purge();
  await stage.pass(300);
  expect(hintsIn(stage, 'intake')).toContainEqual({ job: 'unread' });
  expect(hintsIn(stage, 'events')).toEqual([]);
  await stage.pass(600);
  expect(hintsIn(stage, 'events')).toEqual([{ job, event: outboxOf(stage.aws)[0]?.event }]);
  // The next time it has had as long again.
  await stage.pass(300);
  expect(hintsIn(stage, 'events')).toHaveLength(1);
});

it('files of jobs that have not ended are made young again well before they expire, others not', async () => {
  const stage = new DispatchStage({ settings: { jobRetentionDays: 10, maxParallelJobsPerGroup: 1 } });
  stage.group('acme');
  const ended = await stage.submit({ taskGroup: 'acme' }, [{}]);
  await stage.end([ended], 60);
  const running = await stage.submit({ taskGroup: 'acme' }, [{ delaySeconds: 40 * day }]);
  await stage.pass(5);
  const waiting = await stage.submit({ taskGroup: 'acme' }, [{}]);
  const scheduled = await stage.submit({ taskGroup: 'acme', delaySeconds: 60 * day }, [{}]);
  const ageDays = (job: string) => (stage.nowMs - (stage.aws.s3.resolve(dataBucket, taskFileKey(job))?.lastModifiedMs ?? 0)) / 1_000 / day;
  let oldest = 0;
  for (let days = 0; days < 12; days += 1) {
    // Once an hour, on the hour.
    await stage.leap(day - 3_700);
    await stage.pass(3_700);
    oldest = Math.max(oldest, ...[running, waiting, scheduled].map(ageDays));
  }
  expect(oldest).toBeLessThan(7);
  expect(ageDays(ended)).toBeGreaterThan(11);
  expect(jobRow(stage.aws, running).status).toBe('RUNNING');
});

it('a job says that its group does not work, and that it does again', async () => {
  const stage = new DispatchStage();
  const acme = stage.group('acme', { taskMs: () => 1_000 });
  const job = await stage.submit(
    { taskGroup: 'acme' },
    Array.from({ length: 900 }, () => ({})),
  );
  const warnings = async () => {
    await stage.pass(65);
    return jobRow(stage.aws, job).warnings;
  };
  expect(await warnings()).toEqual([]);
  acme.paused = true;
  const untilMs = stage.nowMs + 600_000;
  const until = new Date(untilMs).toISOString();
  stage.pipeline('acme', { limited: { untilMs, until, lastLimitedAt: until, today: 1, day: until.slice(0, 10), message: 'slow down' } });
  expect(await warnings()).toEqual([`task group acme cools until ${until}, as its target refused it: slow down`]);
  await stage.pass(600);
  stage.pipeline('acme', { phase: 'Failed', message: 'no code', updatedAt: until });
  expect(await warnings()).toEqual([`task group acme is Failed since ${until}: no code`]);
  stage.pipeline('acme', { phase: 'Active' });
  acme.resume();
  expect(await warnings()).toEqual([]);
  expect(await stage.end([job], 600)).toEqual(['COMPLETED']);
});
