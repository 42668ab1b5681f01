/** examples/pools: its consumer on a pool that works and on one that hands on, and what a worker outside says. */
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { testConsumer } from '../../consumer/testing.ts';
import { handler } from '../../examples/pools/consumer.ts';
import { alive, LeaseLost, say } from '../../examples/pools/lease-words.ts';
import { OutsideWork } from '../../examples/pools/work.ts';
import { type Answer, scriptedApi } from '../support/scripted-api.ts';

const stops: (() => void)[] = [];
afterEach(() => {
  vi.unstubAllEnvs();
  for (const stop of stops.splice(0)) stop();
});

/** A queue that takes what it is sent. */
async function queue() {
  const sent: OutsideWork[] = [];
  const server = createServer(async (request, answer) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { MessageBody } = JSON.parse(Buffer.concat(chunks).toString());
    sent.push(OutsideWork.parse(JSON.parse(MessageBody)));
    const MD5OfMessageBody = createHash('md5').update(MessageBody).digest('hex');
    answer.writeHead(200, { 'content-type': 'application/x-amz-json-1.0' }).end(JSON.stringify({ MessageId: 'm', MD5OfMessageBody }));
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  stops.push(() => server.close());
  vi.stubEnv('OUTSIDE_QUEUE_URL', `http://127.0.0.1:${(server.address() as AddressInfo).port}/000000000000/outside`);
  vi.stubEnv('AWS_ENDPOINT_URL_SQS', new URL(process.env['OUTSIDE_QUEUE_URL'] ?? '').origin);
  for (const name of ['AWS_REGION', 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'])
    vi.stubEnv(name, name === 'AWS_REGION' ? 'us-east-1' : 'x');
  return sent;
}

const work = { kind: 'solve', seconds: 2, failsOnce: true };

test('a pool without a worker outside does the whole work, as long as it takes', async () => {
  const consumer = testConsumer(handler);
  const begunMs = consumer.now.getTime();
  expect(await consumer.send(work, { placed: true }).attempt()).toMatchObject({
    outcome: 'done',
    result: { fetchedAt: expect.any(String) },
  });
  expect(consumer.now.getTime() - begunMs).toBe(2_000);
});

test('one with such a worker hands on the lease, and after a failure what is left, without fetching again', async () => {
  const sent = await queue();
  const consumer = testConsumer(handler);
  const begunMs = consumer.now.getTime();
  expect(await consumer.send(work, { placed: true }).attempt()).toMatchObject({ outcome: 'pending' });
  expect(consumer.lease()).toMatchObject({ pending: true, holder: 'the cluster' });
  expect(await consumer.send(work, { placed: true }).attempt()).toMatchObject({ outcome: 'pending' });
  expect(consumer.now.getTime() - begunMs).toBe(400);
  expect(sent).toMatchObject([
    { seconds: 1.6, fails: true, lease: { fence: 1, token: expect.any(String), url: expect.any(String) } },
    { seconds: 1.6, fails: false, lease: { fence: 2 } },
  ]);
});

describe('a word under a lease', () => {
  const leaseOf = (url: string, leaseSeconds = 300) => ({ url: `${url}/jobs/a`, token: 'secret', fence: 1, leaseSeconds });
  const api = (path: string, ...answers: Answer[]) => scriptedApi({ [`/jobs/a/${path}`]: answers });

  test('is a POST with its token, said again until it is heard', async () => {
    const { url, asked } = await api('result', { status: 503 }, { status: 200 });
    await say(leaseOf(url), 'result', { result: 7 });
    expect(asked).toHaveLength(2);
    expect(asked[1]).toMatchObject({ method: 'POST', headers: { authorization: 'Bearer secret' }, body: '{"result":7}' });
  });

  test.each([401, 404, 409, 410])('that is answered with %i is the last one', async (status) => {
    const { url, asked } = await api('heartbeat', { status });
    await expect(say(leaseOf(url), 'heartbeat', {})).rejects.toThrow(LeaseLost);
    expect(asked).toHaveLength(1);
  });

  test('comes each third of the lease while the work goes on, and not after it', async () => {
    const { url, asked } = await api('heartbeat', { status: 200 });
    await alive(leaseOf(url, 0.3), 'solve', (signal) => sleep(450, undefined, { signal }));
    const beats = asked.length;
    expect(beats).toBeGreaterThanOrEqual(3);
    expect(asked[0]?.body).toBe('{"step":"solve"}');
    await sleep(200);
    expect(asked).toHaveLength(beats);
  });

  test('stops the work once the lease is lost', async () => {
    const { url } = await api('heartbeat', { status: 200 }, { status: 409 });
    const begunMs = performance.now();
    await expect(alive(leaseOf(url, 0.3), 'solve', (signal) => sleep(20_000, undefined, { signal }))).rejects.toThrow(LeaseLost);
    expect(performance.now() - begunMs).toBeLessThan(5_000);
  });
});
