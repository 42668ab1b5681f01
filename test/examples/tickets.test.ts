/** examples/tickets: a ticket for each event, known by its id; what the tracker refuses comes back alone. */
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { SQSEvent } from 'aws-lambda';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { changeEventId, JobRow, noCounts } from '../../lambdas/contract/job-table.ts';
import { jobEvent } from '../../lambdas/domain/job/event.ts';
import { apiView } from '../../lambdas/domain/job/view.ts';

const asked: { headers: IncomingHttpHeaders; ticket: { title: string; labels: string[]; text: string } }[] = [];
let server: Server;
let handler: (event: SQSEvent) => Promise<unknown>;

beforeAll(async () => {
  server = createServer((request, answer) => {
    let text = '';
    request.on('data', (chunk) => {
      text += chunk;
    });
    request.on('end', () => {
      const ticket = JSON.parse(text);
      asked.push({ headers: request.headers, ticket });
      answer.writeHead(String(ticket.title).includes('refused') ? 500 : 201).end('{}');
    });
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  vi.stubEnv('TRACKER_URL', `http://127.0.0.1:${(server.address() as AddressInfo).port}/tickets`);
  vi.stubEnv('TRACKER_TOKEN', 'secret');
  vi.spyOn(console, 'error').mockImplementation(() => {});
  ({ handler } = await import('../../examples/tickets/index.ts'));
});

afterAll(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  server.close();
});

/** As the notifier makes it of a job that failed on a pool. */
function eventOf(name: string): string {
  const time = '2026-11-21T10:14:54.812Z';
  const history = [{ attempt: 1, class: 'DATA', message: 'no mesh', time }];
  const row = JobRow.parse({
    ...{ job: 'job1', target: 'needs:', status: 'FAILED', listKey: 'job', createdKey: 'x', createdAtMs: 0, endedAtMs: 0, tokenKey: 'k' },
    ...{ priority: 'normal', maxFailures: 0, maxConcurrent: 1, batchSize: 1, maxOutstanding: 1, maxRetries: 3, name, customer: 'acme' },
    ...{ failure: 'attempt 1 failed', placed: { step: 'ended', stepKeyMs: 0, history, pool: 'west' } },
  });
  const change = { state: 'failed' as const, sequence: 3, pool: 'west', class: 'DATA' as const };
  const event = { event: changeEventId('job1', 3), job: 'job1', status: 'FAILED' as const, life: 0, atMs: Date.parse(time), change };
  return JSON.stringify(jobEvent(event, apiView(row, noCounts, 0)));
}

const record = (messageId: string, body: string) => ({ messageId, body }) as SQSEvent['Records'][number];

it('opens a ticket with what the job went through, under the id of the event', async () => {
  expect(await handler({ Records: [record('1', eventOf('nightly'))] })).toEqual({ batchItemFailures: [] });
  expect(asked.at(-1)).toMatchObject({
    headers: { authorization: 'Bearer secret', 'idempotency-key': 'job1_3' },
    ticket: {
      title: 'Job nightly has failed (DATA)',
      labels: ['acme', 'west', 'DATA'],
      text: ['job1 at 2026-11-21T10:14:54.812Z: attempt 1 failed', '1. 2026-11-21T10:14:54.812Z DATA: no mesh', 'npx sluice job job1'].join(
        '\n',
      ),
    },
  });
});

it('has alone those come back that the tracker refused, or that are no events', async () => {
  const Records = [record('1', eventOf('fine')), record('2', eventOf('refused')), record('3', '{}')];
  expect(await handler({ Records })).toEqual({ batchItemFailures: [{ itemIdentifier: '2' }, { itemIdentifier: '3' }] });
});
