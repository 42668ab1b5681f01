/** The end of a job: its event on the topic, and at a webhook that fails first; the same id however often it is told. */
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { JobEvent } from '../../lambdas/contract/job.ts';
import { eventually } from '../support/eventually.ts';
import { removeGroupsAfterwards } from '../support/groups.ts';
import { api, jobGroup, submit, untilEnded } from '../support/job-api.ts';
import { awsJson } from '../support/query-api.ts';
import { stage } from '../support/shared-stage.ts';
import { type TopicQueue, topicQueue } from '../support/topic-queue.ts';

interface Delivery {
  headers: Record<string, string>;
  text: string;
}

const deliveries: Delivery[] = [];
let server: Server;
let topic: TopicQueue;
let taskGroup: string;

removeGroupsAfterwards();
beforeAll(async () => {
  const tls = { cert: readFileSync(stage.caFile), key: readFileSync(stage.keyFile) };
  server = createServer(tls, (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      deliveries.push({ headers: request.headers as Record<string, string>, text: Buffer.concat(chunks).toString() });
      // It is not well at first.
      response.writeHead(deliveries.length === 1 ? 503 : 204).end();
    });
  });
  server.listen(stage.webhookPort, '127.0.0.1');
  await once(server, 'listening');
  topic = await topicQueue();
  taskGroup = await jobGroup('events');
});
afterAll(() => server?.close());

async function eventOf(job: string): Promise<JobEvent> {
  return eventually(`the event of ${job} on the topic`, async () => {
    for (const event of await topic.receive(1)) if (event.job.id === job) return event;
    throw new Error('not yet');
  });
}

test('is told to the topic once, and to the webhook until it has it, signed', async () => {
  const url = `https://localhost:${stage.webhookPort}/hook`;
  const id = await submit({ taskGroup, tasks: [{ body: { value: 1 } }, { body: { fail: 'DATA' } }], webhook: { url } });
  await untilEnded(id);
  const event = await eventOf(id);
  expect(event).toMatchObject({ type: 'job.failed', job: { id, status: 'FAILED', completed: 1, failed: 1 } });
  const delivered = await eventually('the webhook has it at the second try', async () => {
    const [first, second] = deliveries;
    if (first === undefined || second === undefined) throw new Error(`${deliveries.length} deliveries`);
    return [first, second] as const;
  });
  const { SecretString } = await awsJson<{ SecretString: string }>(stage, 'secretsmanager', 'secretsmanager.GetSecretValue', {
    SecretId: stage.outputs.WebhookSecretArn,
  });
  const key = Buffer.from(SecretString.replace(/^whsec_/, ''), 'base64');
  for (const { headers, text } of delivered) {
    expect(headers['webhook-id']).toBe(event.id);
    expect(JSON.parse(text)).toEqual(event);
    const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${text}`;
    expect(headers['webhook-signature']).toBe(`v1,${createHmac('sha256', key).update(signed).digest('base64')}`);
  }
});

test('a webhook of a host that is not listed is refused', async () => {
  const { status, json } = await api('POST', '/jobs', {
    body: { taskGroup, tasks: [{ body: 1 }], webhook: { url: 'https://169.254.169.254/latest/meta-data' } },
  });
  expect(status).toBe(422);
  expect(json.errors).toMatchObject([{ field: expect.stringContaining('webhook') }]);
});
