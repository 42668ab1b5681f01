/** A job whose tasks end at 1,000 a second, and one too long for one dispatcher: no key is busy, nothing is counted twice. */
import { DeleteObjectCommand } from '@aws-sdk/client-s3';
import { SendMessageBatchCommand } from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { taskFileKey } from '../../../lambdas/contract/data-bucket.ts';
import type { Report } from '../../../lambdas/contract/task-wire.ts';
import { standIn } from '../stage-steps.ts';
import { DispatchStage } from './dispatch-stage.ts';
import { countsOf, differences, jobRow, outboxOf, taskRow } from './recount.ts';
import { dataBucket } from './resources.ts';

const tasks = (count: number) => Array.from({ length: count }, () => ({}));

describe('progress', () => {
  it('of 1,000 tasks a second writes no key of the jobs table more than 100 times a second', async () => {
    const stage = new DispatchStage({ aws: { latencyMs: { min: 2, max: 8 } } });
    stage.aws.log.keepInputs = false;
    const acme = stage.group('acme', { concurrency: 250, taskMs: () => 200 });
    const job = await stage.submit({ taskGroup: 'acme', maxConcurrent: 100 }, tasks(8_000));
    const perSecond: number[] = [];
    stage.aws.clock.every(1_000, () => {
      const { completed } = countsOf(stage.aws, job);
      perSecond.push(completed - perSecond.reduce((sum, count) => sum + count, 0));
    });
    expect(await stage.end([job], 120)).toEqual(['COMPLETED']);
    expect(Math.max(...perSecond)).toBeGreaterThan(900);
    expect(stage.watch.busiestKey.writes).toBeLessThanOrEqual(100);
    expect(acme.runs).toHaveLength(8_000);
    expect(outboxOf(stage.aws)).toHaveLength(1);
    expect(differences(stage.aws, job)).toEqual([]);
  });

  it('closes a job once whose last two tasks end together, each in a function of its own', async () => {
    for (let seed = 1; seed <= 25; seed += 1) {
      const stage = new DispatchStage({ seed });
      stage.group('acme', { ending: () => 'silent' });
      const job = await stage.submit({ taskGroup: 'acme' }, tasks(2));
      await stage.pass(5);
      const report = (n: number) =>
        JSON.stringify({ v: 1, job, task: `${job}/${n}`, attempt: 1, status: 'done', atMs: stage.nowMs } satisfies Partial<Report>);
      const batch = (n: number) => ({ Records: [{ messageId: String(n), body: report(n) }] });
      const both = await stage.wait(Promise.all([1, 2].map((n) => stage.progress.invoke(batch(n)))));
      expect(both).toEqual([1, 2].map(() => ({ kind: 'ok', answer: { batchItemFailures: [] } })));
      expect(stage.watch.ended.map(({ status }) => status)).toEqual(['COMPLETED']);
      expect(outboxOf(stage.aws)).toHaveLength(1);
      const told = stage.resources.queues.events.messages();
      expect(told).toHaveLength(1);
    }
  });

  it('ends a job within seconds of its last task, however quick that is', async () => {
    for (let seed = 1; seed <= 60; seed += 1) {
      const stage = new DispatchStage({ seed });
      stage.group('acme', { concurrency: 3, taskMs: () => stage.aws.random() * 60 });
      const job = await stage.submit({ taskGroup: 'acme' }, tasks(1 + (seed % 4)));
      await stage.end([job], 50);
      expect(jobRow(stage.aws, job).status, `with seed ${seed}`).toBe('COMPLETED');
    }
  });

  it('takes no word about tasks a job does not have', async () => {
    const stage = new DispatchStage();
    stage.group('acme', { ending: () => 'silent' });
    const job = await stage.submit({ taskGroup: 'acme' }, tasks(2));
    await stage.pass(5);
    const word = (fields: object) => ({
      body: JSON.stringify({ v: 1, job, task: `${job}/1`, attempt: 1, status: 'done', atMs: 1, ...fields }),
    });
    const { reports } = stage.resources.queues;
    for (const message of [
      word({ task: `${job}/3` }),
      word({ job: 'nobody', task: 'nobody/1' }),
      word({ task: 'job-999/1' }),
      word({ task: `${job}/0` }),
      word({ result: '{' }),
      { body: 'no JSON' },
    ])
      reports.send(message, stage.nowMs);
    await stage.pass(10);
    expect(reports.size).toBe(0);
    expect(countsOf(stage.aws, job).completed).toBe(0);
    reports.send(word({}), stage.nowMs);
    await stage.pass(10);
    expect(countsOf(stage.aws, job).completed).toBe(1);
  });
});

describe('a long job', () => {
  it('goes on from one invocation of the dispatcher to the next', async () => {
    // An ordered job is sent one task after the other: one answer after another, it takes minutes.
    const stage = new DispatchStage({ aws: { latencyMs: { min: 150, max: 250 } } });
    const acme = stage.group('acme', { fifo: true, concurrency: 10, batchSize: 10, taskMs: () => 5 });
    const job = await stage.submit({ taskGroup: 'acme' }, tasks(900));
    expect(await stage.end([job], 1_200)).toEqual(['COMPLETED']);
    expect(stage.dispatcher.tally).toMatchObject({ error: 0, killed: 0, timedOut: 0 });
    expect((stage.watch.ended[0]?.atMs ?? 0) - (stage.watch.started[0]?.atMs ?? 0)).toBeGreaterThan(120_000);
    expect(acme.runs.map(({ n }) => n)).toEqual(tasks(900).map((_, i) => i + 1));
    expect(differences(stage.aws, job)).toEqual([]);
  });
});

describe('a job', () => {
  it('all of whose tasks are refused has failed, each with why', async () => {
    const stage = new DispatchStage();
    const acme = stage.group('acme');
    const large = 'x'.repeat(1_048_576);
    const job = await stage.submit({ taskGroup: 'acme', maxFailures: 1 }, [{ body: large }, { body: large }]);
    expect(await stage.end([job], 30)).toEqual(['FAILED']);
    expect(acme.runs).toEqual([]);
    expect(taskRow(stage.aws, job, 2)).toMatchObject({ status: 'failed', unsent: true, error: { class: 'DATA' } });
    expect(differences(stage.aws, job)).toEqual([]);
  });

  it('on a function, the same', async () => {
    const stage = new DispatchStage({ settings: { functions: ['work'] } });
    stage.function('work');
    const job = await stage.submit({ function: 'work' }, [{ body: 'x'.repeat(1_048_576) }, {}]);
    expect(await stage.end([job], 60)).toEqual(['FAILED']);
    expect(countsOf(stage.aws, job)).toMatchObject({ completed: 1, failed: 1 });
    expect(jobRow(stage.aws, job).status).toBe('FAILED');
  });

  it('one of whose tasks the queue never takes fails with that one, and has the others sent once', async () => {
    const stage = new DispatchStage();
    const acme = stage.group('acme', { taskMs: () => 2_000 });
    const sent: string[] = [];
    standIn(stage.aws.sqs.operations, SendMessageBatchCommand, (input, usual) => {
      const entries = z.array(z.object({ Id: z.string(), MessageBody: z.string() })).parse(input['Entries']);
      const bad = entries.filter(({ MessageBody }) => MessageBody === '{"n":7}');
      sent.push(...entries.map(({ MessageBody }) => MessageBody));
      input['Entries'] = z
        .array(z.looseObject({ Id: z.string() }))
        .parse(input['Entries'])
        .filter(({ Id }) => !bad.some((entry) => entry.Id === Id));
      const answer = bad.length === entries.length ? { Successful: [], Failed: [] } : usual();
      const failed = bad.map(({ Id }) => ({ Id, Code: 'InternalFailure', Message: 'broken', SenderFault: false }));
      return { ...answer, Failed: failed };
    });
    const job = await stage.submit({ taskGroup: 'acme', maxFailures: 1 }, tasks(150));
    expect(await stage.end([job], 300)).toEqual(['COMPLETED']);
    expect(taskRow(stage.aws, job, 7)).toMatchObject({ status: 'failed', unsent: true, error: { class: 'TRANSIENT' } });
    expect(acme.runs).toHaveLength(149);
    expect(sent.filter((body) => body !== '{"n":7}')).toHaveLength(149);
    expect(differences(stage.aws, job)).toEqual([]);
  });

  it('whose task file is gone has failed, and says so', async () => {
    const stage = new DispatchStage({ settings: { maxParallelJobsPerGroup: 3 } });
    stage.group('acme');
    const jobs = [await stage.submit({ taskGroup: 'acme' }, tasks(400)), await stage.submit({ taskGroup: 'acme' }, tasks(400))];
    const good = await stage.submit({ taskGroup: 'acme' }, tasks(40));
    await stage.pass(10);
    const [gone = '', damaged = ''] = jobs;
    stage.aws.s3.put(dataBucket, taskFileKey(damaged), 'x'.repeat(20_000));
    await stage.wait(stage.services.clients.s3.send(new DeleteObjectCommand({ Bucket: dataBucket, Key: taskFileKey(gone) })));
    expect(await stage.end([...jobs, good], 300)).toEqual(['FAILED', 'FAILED', 'COMPLETED']);
    expect(jobRow(stage.aws, gone).failure).toContain('task file');
    expect(outboxOf(stage.aws)).toHaveLength(3);
  });

  it('whose queue refuses everybody waits, and goes on when it does not any more', async () => {
    const stage = new DispatchStage();
    const acme = stage.group('acme');
    const arn = acme.queue.identity.arn;
    const deny = { Statement: [{ Effect: 'Deny', Principal: '*', Action: 'sqs:SendMessage', Resource: arn }] };
    acme.queue.setAttributes({ Policy: JSON.stringify(deny) }, stage.nowMs, 0);
    const job = await stage.submit({ taskGroup: 'acme' }, tasks(30));
    await stage.pass(300);
    expect(jobRow(stage.aws, job).status).toBe('RUNNING');
    acme.queue.setAttributes({ Policy: '' }, stage.nowMs, 0);
    expect(await stage.end([job], 200)).toEqual(['COMPLETED']);
    expect(acme.runs).toHaveLength(30);
  });

  it('of which nothing is to be tried again ends at once when it is', async () => {
    const stage = new DispatchStage();
    const acme = stage.group('acme');
    const job = await stage.submit({ taskGroup: 'acme' }, tasks(120));
    expect(await stage.end([job], 60)).toEqual(['COMPLETED']);
    await stage.retry(job);
    expect(await stage.end([job], 30)).toEqual(['COMPLETED']);
    expect(acme.runs).toHaveLength(120);
    expect(differences(stage.aws, job)).toEqual([]);
  });
});
