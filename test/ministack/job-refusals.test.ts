/** Requests that nobody should send, to the deployed API: each gets a clear answer, and none leaves anything behind. */
import { ListObjectsV2Command } from '@aws-sdk/client-s3';
import { paginateScan } from '@aws-sdk/lib-dynamodb';
import { beforeAll, describe, expect, test } from 'vitest';
import { jobsPrefix } from '../../lambdas/contract/data-bucket.ts';
import { jobKey } from '../../lambdas/contract/job-table.ts';
import { awsClients } from '../support/aws-clients.ts';
import { removeGroupsAfterwards } from '../support/groups.ts';
import { type Answer, api, exchange, jobGroup, submit, untilEnded } from '../support/job-api.ts';
import { stage } from '../support/shared-stage.ts';

const { documents, s3 } = awsClients(stage);
let taskGroup: string;
let silentGroup: string;

removeGroupsAfterwards();
beforeAll(async () => {
  taskGroup = await jobGroup('refusing');
  silentGroup = await jobGroup('not followed', { consumer: 'plain', retry: undefined });
});

interface Stored {
  jobs: number;
  /** Whatever has somebody go on with a job, and what is known of tasks. */
  besides: number;
  files: number;
}

/** Of jobs, and not of what goes on beside them: the pace of targets, events on their way. */
async function stored(): Promise<Stored> {
  const { JobsTableName: TableName, DataBucketName: Bucket } = stage.outputs;
  const seen: Stored = { jobs: 0, besides: 0, files: 0 };
  const ofJobs = /^(tasks|chunks|later)#|^(waiting|scheduled|intake|idempotency)$/;
  for await (const { Items = [] } of paginateScan({ client: documents }, { TableName, ConsistentRead: true }))
    for (const { pk, sk } of Items) {
      if (sk === jobKey('').sk) seen.jobs += 1;
      else if (ofJobs.test(pk)) seen.besides += 1;
    }
  for (let ContinuationToken: string | undefined, more = true; more; more = ContinuationToken !== undefined) {
    const page = await s3.send(new ListObjectsV2Command({ Bucket, Prefix: jobsPrefix, ContinuationToken }));
    seen.files += page.KeyCount ?? 0;
    ContinuationToken = page.NextContinuationToken;
  }
  return seen;
}

function expectProblem({ status, headers, json }: Answer, expected: number, field?: string): void {
  expect({ status, type: headers['content-type'], told: json?.status }).toEqual({
    status: expected,
    type: 'application/problem+json',
    told: expected,
  });
  if (field !== undefined) expect(json.errors.map((error: { field: string }) => error.field)).toContain(field);
}

const text = (value: string) => new TextEncoder().encode(value);
const good = () => ({ taskGroup, tasks: [{ body: 1 }] });
const nested = (depth: number) => `{"taskGroup":${JSON.stringify(taskGroup)},"tasks":[{"body":${'['.repeat(depth)}${']'.repeat(depth)}}]}`;

test('leave nothing behind, whatever they are', async () => {
  const before = await stored();
  const bodies: [string, () => unknown, number, string?][] = [
    ['none', () => undefined, 400],
    ['empty', () => '', 400],
    ['spaces', () => ' \n ', 400],
    ['not JSON', () => '{"taskGroup":', 400],
    ['NULs', () => '\0\0', 400],
    ['a raw NUL', () => '{"taskGroup":"a\0"}', 400],
    ['not UTF-8', () => Uint8Array.of(0xff, 0xfe, 0x7b, 0x7d), 400],
    // API Gateway hands it over with U+FFFD in its place, as text.
    ['half a character', () => Uint8Array.of(...text('{"taskGroup":"'), 0xe2, 0x82, ...text('"}')), 422, 'tasks'],
    ['deep', () => nested(2_000), 400],
    ['deep, and never closed', () => '['.repeat(1_000_000), 400],
    ['__proto__', () => '{"__proto__":{"taskGroup":"a"}}', 400],
    ['a number too large', () => '{"tasks":[{"body":1e999}]}', 400],
    ['2 MB and a byte', () => `{"taskGroup":"a","tasks":[{"body":"${'x'.repeat(2_000_001)}"}]}`, 413],
    ['5 MB', () => 'x'.repeat(5_000_000), 413],
    ['a list', () => [good()], 422],
    ['a text', () => '"shop"', 422],
    ['null', () => 'null', 422],
    ['a number for the group', () => ({ ...good(), taskGroup: 7 }), 422, 'taskGroup'],
    ['tasks that are none', () => ({ taskGroup, tasks: [1, null, 'a', {}] }), 422, 'tasks.0'],
    ['no tasks', () => ({ taskGroup, tasks: [] }), 422, 'tasks'],
    ['1,001 tasks', () => ({ taskGroup, tasks: Array.from({ length: 1_001 }, () => ({ body: 1 })) }), 422, 'tasks'],
    ['tasks and a file', () => ({ ...good(), file: { upload: 'a' } }), 422, 'file'],
    ['a field nobody knows', () => ({ ...good(), colour: 'red' }), 422, 'colour'],
    ['a task over 1 MiB', () => ({ taskGroup, tasks: [{ body: 1 }, { body: 'x'.repeat(1_048_576) }] }), 422, 'tasks.1.body'],
    ['a task over 1 MiB with its envelope', () => ({ taskGroup, tasks: [{ body: 'x'.repeat(1_048_500) }] }), 422, 'tasks.0.body'],
    ['a group that is not there', () => ({ ...good(), taskGroup: 'nobody of this name' }), 404, 'taskGroup'],
    ['a group that cannot be followed', () => ({ ...good(), taskGroup: silentGroup }), 409, 'taskGroup'],
    ['a function that is not listed', () => ({ function: 'not-listed', tasks: [{ body: 1 }] }), 422, 'function'],
    ['a bucket that is not listed', () => ({ taskGroup, file: { bucket: 'somebody-elses', key: 'a' } }), 422, 'file.bucket'],
    ['an upload that is not there', () => ({ taskGroup, file: { upload: 'none' } }), 422, 'file.upload'],
    ['a host that is not listed', () => ({ ...good(), webhook: { url: 'https://evil.example.org/' } }), 422, 'webhook.url'],
    ['a host of our own network', () => ({ ...good(), webhook: { url: 'https://169.254.169.254/' } }), 422, 'webhook.url'],
  ];
  for (const [what, body, status, field] of bodies) {
    const answer = await api('POST', '/jobs', { body: body() });
    expect.soft(answer.status, `${what}: ${answer.text.slice(0, 300)}`).toBe(status);
    if (answer.status === status) expectProblem(answer, status, field);
  }
  const tooLarge = await api('POST', '/jobs', { body: 'x'.repeat(2_000_001) });
  expect(tooLarge.json.detail).toContain('POST /uploads');
  expect(await stored()).toEqual(before);
}, 120_000);

describe('what is not there', () => {
  test.each([
    ['GET', '/jobs/00000000-0000-0000-0000-000000000000'],
    ['GET', '/jobs/__proto__'],
    ['GET', '/jobs/none/tasks'],
    ['GET', '/jobs/none/results'],
    ['POST', '/jobs/none/cancel'],
    ['POST', '/jobs/none/retry'],
    ['GET', '/pipelines/nobody'],
  ])('%s %s', async (method, path) => {
    expectProblem(await api(method, path), 404);
  });

  test('a path of no route: API Gateway says so itself', async () => {
    expect(await api('GET', '/nothing')).toMatchObject({ status: 404 });
  });

  test('a result without the token of its task', async () => {
    const { status, headers } = await api('POST', '/jobs/none/tasks/1/result', { body: { status: 'done' }, signed: false });
    expect({ status, type: headers['content-type'] }).toEqual({ status: 401, type: 'application/problem+json' });
  });
});

test('a line of a file that is over 1 MiB, or no task, is a failed task; the others run', async () => {
  const { json: place } = await api('POST', '/uploads');
  const lines = [
    '{"id":"a","body":{"value":1}}',
    `{"id":"large","body":"${'x'.repeat(1_048_500)}"}`,
    '{"body":',
    '{"id":"b","body":{"value":2}}',
  ];
  const { status } = await exchange(place.url, place.method, place.headers, lines.join('\n'));
  expect(status).toBe(200);
  const job = await untilEnded(await submit({ taskGroup, file: { upload: place.upload } }));
  expect(job).toMatchObject({ status: 'FAILED', total: 4, completed: 2, failed: 2 });
  const { json } = await api('GET', `/jobs/${job.id}/tasks`, { query: { status: 'failed' } });
  expect(json.tasks).toMatchObject([
    { n: 2, error: { class: 'DATA', message: expect.stringContaining('bytes') } },
    { n: 3, error: { class: 'DATA', line: 3 } },
  ]);
});
