/** Tasks straight to a group's queue: in full batches, many at once, and not one of them lost silently. */
import { describe, expect, it } from 'vitest';
import { NotSentError } from '../../client/errors.ts';
import { PipelinePage } from '../../lambdas/contract/job-api-stage.ts';
import { apiDouble, clientFor, reply } from './api-double.ts';
import { type QueueDouble, queueDouble } from './queue-double.ts';

async function group({ fifo = false, exists = true } = {}) {
  const queue = await queueDouble();
  const pipeline = {
    taskGroup: 'A',
    phase: 'Active' as const,
    message: 'active',
    queueUrl: `${queue.url}/000000000000/q${fifo ? '.fifo' : ''}`,
    createdAt: '2026-11-27T00:00:00Z',
    updatedAt: '2026-11-27T00:00:00Z',
  };
  const api = await apiDouble({ listPipelines: () => reply(200, PipelinePage, { pipelines: exists ? [pipeline] : [] }) });
  return { queue, api, ...clientFor(api) };
}
const bodies = ({ taken }: QueueDouble) => taken.map(({ MessageBody }) => MessageBody);
const numbers = (count: number) => Array.from({ length: count }, (_, n) => n);
const thrown = (call: Promise<unknown>) => call.then(() => undefined).catch((error: unknown) => error);

it('sends as JSON in batches of ten, many at once, with the ids of the caller', async () => {
  const { queue, api, client } = await group();
  expect(await client.send('A', numbers(1_005), { id: (task, n) => `order-${task}/${n}`, delaySeconds: 5 })).toEqual({ sent: 1_005 });
  expect(
    bodies(queue)
      .map(Number)
      .sort((a, b) => a - b),
  ).toEqual(numbers(1_005));
  expect(queue.batches).toHaveLength(101);
  expect(queue.mostInFlight).toBeGreaterThan(5);
  expect(queue.mostInFlight).toBeLessThanOrEqual(20);
  const entry = queue.taken.find(({ MessageBody }) => MessageBody === '7');
  expect(entry).toMatchObject({ DelaySeconds: 5, MessageAttributes: { 'sluice.task': { DataType: 'String', StringValue: 'order-7/8' } } });
  await client.send('A', ['again']);
  expect(api.asked).toHaveLength(1);
});

it('keeps a batch within 1 MiB', async () => {
  const { queue, client } = await group();
  await client.send(
    'A',
    numbers(6).map((n) => `${n}${'x'.repeat(400_000)}`),
  );
  expect(queue.batches.map(({ Entries }) => Entries.length)).toEqual([2, 2, 2]);
});

it('sends what SQS takes: texts as they are, and JSON without the letters it refuses', async () => {
  const { queue, client } = await group();
  await client.send('A', ['a text'], { body: 'text' });
  await client.send('A', [{ odd: '\uffff' }]);
  expect(bodies(queue)).toEqual(['a text', '{"odd":"\\uffff"}']);
});

it('keeps the order of a FIFO group', async () => {
  const { queue, client } = await group({ fifo: true });
  await client.send('A', numbers(35), { id: String, messageGroup: (n) => `customer-${n % 2}` });
  expect(bodies(queue)).toEqual(numbers(35).map(String));
  expect(queue.mostInFlight).toBe(1);
  expect(queue.taken[3]).toMatchObject({ MessageGroupId: 'customer-1', MessageDeduplicationId: expect.stringMatching(/^[0-9a-f]{64}$/) });
  await client.send('A', ['no id']);
  expect(queue.taken.at(-1)).toMatchObject({ MessageGroupId: 'A' });
  await expect(client.send('A', [1], { delaySeconds: 1 })).rejects.toThrow('submit a job with delaySeconds');
});

describe('what is refused', () => {
  it('alone is tried again alone', async () => {
    const { queue, client, clock } = await group();
    let refusals = 0;
    queue.verdict = ({ MessageBody }) =>
      MessageBody === '3' && refusals++ < 2 ? { Code: 'InternalError', SenderFault: false, Message: 'try again' } : undefined;
    expect(await client.send('A', numbers(10))).toEqual({ sent: 10 });
    expect(queue.batches.map(({ Entries }) => Entries.length)).toEqual([10, 1, 1]);
    expect(clock.slept).toEqual([150, 300]);
  });

  it('for good is named, and stops nothing', async () => {
    const { queue, client } = await group();
    queue.verdict = ({ MessageBody }) =>
      MessageBody === '"bad"' ? { Code: 'InvalidMessageContents', SenderFault: true, Message: 'invalid characters' } : undefined;
    const error = await thrown(client.send('A', ['bad', ...numbers(30), 'x'.repeat(1_100_000)], { id: (_, n) => `t${n}` }));
    expect(error).toBeInstanceOf(NotSentError);
    expect(error).toMatchObject({
      sent: 30,
      stopped: false,
      notSent: [
        { n: 1, id: 't1', task: 'bad', reason: 'invalid characters' },
        { n: 32, id: 't32', reason: expect.stringContaining('1048576') },
      ],
      message: expect.stringMatching(/^30 tasks were sent to "A"\. 2 were not, the first of them task 1: invalid characters\./),
    });
  });

  it('five times is given up', async () => {
    const { queue, client } = await group();
    queue.verdict = () => ({ Code: 'InternalError', SenderFault: false, Message: 'try again' });
    expect(await thrown(client.send('A', [1]))).toMatchObject({ sent: 0, notSent: [{ n: 1, reason: 'try again' }] });
    expect(queue.batches).toHaveLength(5);
  });
});

it('stops where a whole call fails, and says so', async () => {
  const { queue, client } = await group();
  queue.failure = 'QueueDoesNotExist';
  let read = 0;
  function* many() {
    for (; read < 100_000; read += 1) yield read;
  }
  const error = await thrown(client.send('A', many()));
  expect(error).toMatchObject({ sent: 0, stopped: true, message: expect.stringContaining('It stopped there: no such queue') });
  expect(read).toBeLessThan(1_000);
});

it('tells what was sent where the tasks themselves end with an error', async () => {
  const { client } = await group();
  async function* failing() {
    yield* numbers(25);
    throw new Error('the file is torn');
  }
  const error = await thrown(client.send('A', failing()));
  expect(error).toMatchObject({ stopped: true, message: expect.stringContaining('the file is torn') });
  expect(error instanceof NotSentError && error.sent + error.notSent.length).toBeLessThanOrEqual(25);
});

it.each([
  ['no such group', { exists: false }, {}, 'There is no task group "A"'],
  ['a delay that SQS does not know', {}, { delaySeconds: 901 }, 'delays by 0 to 900 whole seconds'],
])('refuses %s', async (_what, made, options, message) => {
  const { client } = await group(made);
  await expect(client.send('A', [1], options)).rejects.toThrow(message);
});
