/** What the API says of the stage: figures, settings, pipelines. */
import { beforeEach, describe, expect, it } from 'vitest';
import { ConcurrencyStats, PipelinePage, PipelineView, StageConfig } from '../../lambdas/contract/job-api-stage.ts';
import { permitKey, permitStateSortKey } from '../../lambdas/contract/task-table.ts';
import { ApiWorld, tables } from './api-world.ts';

let world: ApiWorld;
beforeEach(() => {
  world = new ApiWorld({ permits: { gpu: 3, idle: 1 }, maxTasksPerRequest: 100, functions: ['crunch'] });
});

function pipeline(taskGroup: string, fields: Record<string, unknown> = {}): void {
  const at = '2026-01-01T00:00:00.000Z';
  const url = (name: string) => world.aws.sqs.createQueue(name, {}).identity.url;
  world.aws.dynamodb.put(tables.pipelines, {
    taskGroup,
    schemaVersion: 1,
    phase: 'Active',
    message: 'runs',
    effective: {
      concurrency: 4,
      consumer: 'sluice',
      paused: false,
      queue: { fifo: false, delay: 0 },
      function: { environment: { PASSWORD: 'hunter2' } },
      secrets: { KEY: 'ssm:/sluice-test/key' },
    },
    resources: {
      queueUrl: url(`${taskGroup}-queue`),
      deadLetterQueueUrl: url(`${taskGroup}-dlq`),
      functionName: taskGroup,
      mappingId: 'm',
    },
    reserved: 4,
    createdAt: at,
    updatedAt: at,
    ...fields,
  });
  world.group(taskGroup);
}
const send = (queue: string, count: number) => {
  for (let i = 0; i < count; i += 1)
    world.aws.sqs.find(queue)?.send({ body: 'x', groupId: undefined, deduplicationId: undefined }, world.aws.clock.nowMs());
};
const stats = async (query = '') => ConcurrencyStats.parse((await world.call('GET', `/concurrency/stats${query}`)).body);

describe('GET /concurrency/stats', () => {
  it('says per group and in all what is allowed and what is going on', async () => {
    pipeline('shop');
    pipeline('other', { effective: { concurrency: 1, paused: true } });
    send('shop-queue', 5);
    send('shop-dlq', 1);
    const running = await world.submit({ tasks: Array.from({ length: 10 }, (_, i) => ({ body: i })) });
    await world.start(running);
    world.change(running, { dispatched: 4, sentAll: false });
    await world.submit({ tasks: [{ body: 1 }, { body: 2 }] });
    await world.aws.clock.advance(60_000);
    const queue = world.aws.sqs.find('shop-queue');
    if (queue) world.aws.sqs.receive(queue, 2);

    const { overall, groups } = await stats();
    expect(groups.find(({ taskGroup }) => taskGroup === 'shop')).toEqual({
      ...{ taskGroup: 'shop', phase: 'Active', limit: 4, reserved: 4 },
      ...{ inFlight: 2, queued: 3, stored: 8, deadLetters: 1, oldestAgeSeconds: 60 },
      ...{ mappingRuns: true, dispatching: true, jobs: { running: 1, waiting: 1 } },
    });
    expect(groups.find(({ taskGroup }) => taskGroup === 'other')).toMatchObject({
      limit: 1,
      mappingRuns: false,
      dispatching: false,
      stored: 0,
    });
    expect(overall).toMatchObject({
      ...{ limit: 5, inFlight: 2, queued: 3, stored: 8, deadLetters: 1, oldestAgeSeconds: 60 },
      ...{ maxParallelJobs: 20, maxParallelJobsPerGroup: 2, runningJobs: 1, dispatcherRuns: true, jobsAreMinimums: false },
      jobs: { PENDING: 1, RUNNING: 1, COMPLETED: 0, FAILED: 0, CANCELLED: 0 },
    });
  });

  it('is answered for one group, and page by page', async () => {
    for (const name of ['a', 'b', 'c']) pipeline(name);
    expect((await stats('?taskGroup=b')).groups.map(({ taskGroup }) => taskGroup)).toEqual(['b']);
    expect((await stats('?taskGroup=none')).groups).toEqual([]);
    const first = await stats('?limit=2');
    expect(first.groups).toHaveLength(2);
    const second = await stats(`?limit=2&after=${encodeURIComponent(first.next ?? '')}`);
    expect([...first.groups, ...second.groups].map(({ taskGroup }) => taskGroup).sort()).toEqual(['a', 'b', 'c']);
  });

  it('has the permits by name', async () => {
    const nowMs = world.aws.clock.nowMs();
    world.aws.dynamodb.put(tables.tasks, {
      ...{ pk: permitKey('gpu'), sk: permitStateSortKey, limit: 2, version: 1 },
      holders: { a: nowMs + 60_000, over: nowMs - 1 },
      kept: {},
      line: [{ id: 'w', pipeline: 'p', sentAtMs: 1, rankMs: 1 }],
    });
    expect((await stats()).permits).toEqual([
      { name: 'gpu', total: 2, free: 1, waiting: 1 },
      { name: 'idle', total: 1, free: 1, waiting: 0 },
    ]);
  });

  it('has the reserved concurrency once it is known', async () => {
    expect((await stats()).overall.reservedConcurrency).toBeUndefined();
    await world.settled(world.services.reservations.settle(world.services.clients.lambda, 'shop', 30));
    const known = (await stats()).overall.reservedConcurrency;
    expect(known).toMatchObject({ account: 1_000, groups: 30, others: 0 });
    expect(known?.free).toBe(1_000 - 100 - 30 - (known?.own ?? 0));
  });
});

describe('GET /config', () => {
  it('has every setting with its unit and source, under both addresses', async () => {
    const answer = await world.call('GET', '/config');
    const { settings } = StageConfig.parse(answer.body);
    expect(settings).toContainEqual({ name: 'maxTasksPerRequest', value: 100, unit: 'tasks', source: 'preset' });
    expect(settings).toContainEqual({ name: 'functions', value: ['crunch'], source: 'context' });
    expect(settings).toContainEqual({ name: 'permits', value: { gpu: 3, idle: 1 }, unit: 'tasks at once', source: 'default' });
    expect(settings).toContainEqual({ name: 'defaultFunction', source: 'default' });
    expect(settings.map(({ name }) => name)).toEqual(expect.arrayContaining(Object.keys(world.services.stage.settings)));
    expect((await world.call('GET', '/debug/settings')).text).toBe(answer.text);
  });
});

describe('GET /pipelines', () => {
  it('has what one may see of each, and nothing of its environment', async () => {
    for (const name of ['a', 'b', 'c']) pipeline(name);
    const first = await world.call('GET', '/pipelines?limit=2');
    const { pipelines, next } = PipelinePage.parse(first.body);
    expect(pipelines).toHaveLength(2);
    expect(PipelinePage.parse((await world.call('GET', `/pipelines?limit=2&after=${next}`)).body).pipelines).toHaveLength(1);
    const one = await world.call('GET', '/pipelines/a');
    expect(PipelineView.parse(one.body)).toMatchObject({
      taskGroup: 'a',
      concurrency: 4,
      consumer: 'sluice',
      fifo: false,
      functionName: 'a',
    });
    expect(first.text + one.text).not.toMatch(/hunter2|PASSWORD|ssm:/);
  });
});
