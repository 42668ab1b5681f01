/** Permits on the tasks table and SQS as the double answers them: conditions, expressions, waking. */
import { describe, expect, it } from 'vitest';
import { permits } from '../../consumer/aws/permits.ts';
import type { PermitRequest } from '../../consumer/ports.ts';
import { permitKey, permitLimitAttribute, permitStateSortKey } from '../../lambdas/contract/task-table.ts';
import { world } from './aws/support.ts';

const key = { pk: permitKey('gpu'), sk: permitStateSortKey };

function stage(limit: number | 'none' = 1) {
  const made = world();
  const { aws, wait } = made;
  aws.dynamodb.createTable({ name: 'tasks', hash: 'pk', range: 'sk', ttl: 'expiresAt' });
  if (limit !== 'none') aws.dynamodb.put('tasks', { ...key, [permitLimitAttribute]: limit });
  const queues = Object.fromEntries(['a', 'b'].map((name) => [name, aws.sqs.createQueue(name, { VisibilityTimeout: '300' })]));
  let ids = 0;
  const newId = () => {
    ids += 1;
    return `token-${ids}`;
  };
  const callerPermits = () => {
    const { clients, process } = aws.caller('consumer');
    return permits(clients.documents, clients.sqs, 'tasks', { random: () => 0.5, newId, sleep: (ms) => process.clock.sleep(ms) });
  };
  const ours = callerPermits();
  const receive = (name: string) => {
    const queue = queues[name];
    const [message] = queue ? aws.sqs.receive(queue, 1) : [];
    return message;
  };
  const request = (group: string, change: Partial<PermitRequest> = {}): PermitRequest => ({
    ...{ name: 'gpu', pipeline: group, task: `task-of-${group}`, deadlineMs: aws.clock.nowMs() + 900_000 },
    ...{ queueName: group, receiptHandle: 'none', sentAtMs: aws.clock.nowMs(), receives: 1, ...change },
  });
  const acquire = (wanted: PermitRequest) => wait(ours.acquire(wanted, aws.clock.nowMs()));
  const item = () => aws.dynamodb.read('tasks', key) ?? {};
  const send = (name: string) => queues[name]?.send({ body: '{}' }, aws.clock.nowMs());
  return { ...made, ours, callerPermits, acquire, request, receive, send, item };
}

describe('a permit in the table', () => {
  it('the stage does not have is unknown', async () => {
    const { acquire, request, aws } = stage('none');
    expect(await acquire(request('a'))).toEqual({ kind: 'unknown' });
    aws.dynamodb.put('tasks', { ...key, version: 3, holders: {}, kept: {}, line: [] });
    expect(await acquire(request('a'))).toEqual({ kind: 'unknown' });
  });

  it('is granted, renewed and given back; the limit is left alone', async () => {
    const { acquire, request, ours, aws, wait, item } = stage();
    const nowMs = aws.clock.nowMs();
    expect(await acquire(request('a'))).toEqual({ kind: 'granted', token: 'token-1', untilMs: nowMs + 60_000 });
    expect(item()).toMatchObject({ limit: 1, version: 1, holders: { 'token-1': nowMs + 65_000 } });
    expect(await wait(ours.renew('gpu', 'token-1', nowMs + 900_000, nowMs + 20_000))).toBe(nowMs + 80_000);
    expect(item()).toMatchObject({ version: 2, holders: { 'token-1': nowMs + 85_000 } });
    // A renewal that comes late takes nothing back.
    expect(await wait(ours.renew('gpu', 'token-1', nowMs + 900_000, nowMs + 10_000))).toBe(nowMs + 80_000);
    await wait(ours.release('gpu', 'token-1', nowMs));
    expect(item()).toMatchObject({ limit: 1, holders: {} });
    expect(await wait(ours.renew('gpu', 'token-1', nowMs + 900_000, nowMs))).toBeUndefined();
    await wait(ours.release('gpu', 'token-1', nowMs));
  });

  it('is never granted to more than the limit however many ask at once', async () => {
    const { request, callerPermits, aws, wait } = stage(3);
    const asked = Array.from({ length: 20 }, (_one, at) => callerPermits().acquire(request('a', { task: `t${at}` }), aws.clock.nowMs()));
    const answers = await wait(Promise.all(asked));
    expect(answers.filter(({ kind }) => kind === 'granted')).toHaveLength(3);
  });

  it.each(['before', 'after'] as const)('leaks no place for longer than a lease where a write fails %s it was done', async (when) => {
    const { acquire, request, aws, advance, item } = stage();
    aws.log.plant({ fits: ({ operation }) => operation === 'Update', nth: 1, when, effect: new Error('cut off') });
    await expect(acquire(request('a'))).rejects.toThrow('cut off');
    await advance(65_001);
    expect((await acquire(request('b'))).kind).toBe('granted');
    expect(Object.keys((item() as { holders: object }).holders)).toHaveLength(1);
  });
});

describe('who waits', () => {
  it('is woken by who gives back, and the place is kept for him', async () => {
    const { acquire, request, ours, aws, wait, advance, send, receive } = stage();
    send('b');
    const first = await acquire(request('a'));
    const message = receive('b');
    expect(await acquire(request('b', { receiptHandle: message?.receiptHandle ?? '' }))).toEqual({ kind: 'wait', seconds: 5 });
    await advance(10_000);
    expect(receive('b')).toBeUndefined();
    if (first.kind === 'granted') await wait(ours.release('gpu', first.token, aws.clock.nowMs()));
    expect((await acquire(request('a', { task: 'other' }))).kind).toBe('wait');
    expect(receive('b')?.id).toBe(message?.id);
    expect((await acquire(request('b'))).kind).toBe('granted');
    expect(
      aws.dynamodb
        .table('tasks')
        .items()
        .filter(({ sk }) => String(sk).startsWith('waiter#')),
    ).toHaveLength(1);
  });

  it('is passed over where his message is gone, and whoever is there takes the place', async () => {
    const { acquire, request, ours, aws, wait } = stage();
    const first = await acquire(request('a'));
    await acquire(request('b', { receiptHandle: 'of no message' }));
    if (first.kind === 'granted') await wait(ours.release('gpu', first.token, aws.clock.nowMs()));
    expect((await acquire(request('a', { task: 'other' }))).kind).toBe('granted');
  });

  it('is not made visible before he has handed his message back', async () => {
    const { acquire, request, ours, aws, wait, send, receive, advance } = stage();
    send('b');
    const first = await acquire(request('a'));
    await acquire(request('b', { receiptHandle: receive('b')?.receiptHandle ?? '' }));
    if (first.kind === 'granted') await wait(ours.release('gpu', first.token, aws.clock.nowMs()));
    expect(receive('b')).toBeUndefined();
    await advance(2_000);
    expect(receive('b')).toBeDefined();
  });
});
