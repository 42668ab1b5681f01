/** Whatever comes in, the answer is a problem that says what is wrong, and never a 5xx. */
import fc from 'fast-check';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Problem } from '../../lambdas/contract/job.ts';
import { jobRoutes } from '../../lambdas/contract/job-routes.ts';
import { type Answered, ApiWorld, type Sent, tables } from './api-world.ts';

let world: ApiWorld;
beforeEach(() => {
  world = new ApiWorld({ inputBuckets: ['theirs'], functions: ['crunch'], webhookHosts: ['*.example.com', 'hooks.example.org:8443'] });
  world.group('shop');
});

const good = { taskGroup: 'shop', tasks: [{ body: 1 }] };
const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;

function expectProblem(answer: Answered, status: number): void {
  expect(answer.headers['content-type']).toBe('application/problem+json');
  expect(Problem.strict().parse(answer.body).status).toBe(status);
  expect(answer.status).toBe(status);
}

describe('a body', () => {
  it.each<[string, Sent, number]>([
    ['that is missing', {}, 400],
    ['that is empty', { body: '' }, 400],
    ['of spaces', { body: ' \n ' }, 400],
    ['that is not JSON', { body: '{"taskGroup":' }, 400],
    ['of NUL characters', { body: '\0\0' }, 400],
    ['with a raw NUL in a text', { body: '{"taskGroup":"a\0"}' }, 400],
    ['that is not UTF-8', { body: '\xff\xfe{}', base64: true }, 400],
    ['nested too deep, and well formed', { body: `{"taskGroup":"shop","tasks":[{"body":${nested(2_000)}}]}` }, 400],
    ['nested too deep, and never closed', { body: '['.repeat(1_000_000) }, 400],
    ['with a __proto__', { body: '{"__proto__":{"taskGroup":"shop"}}' }, 400],
    ['with a __proto__ deep in a task', { body: '{"taskGroup":"shop","tasks":[{"body":{"a":{"__proto__":1}}}]}' }, 400],
    ['with an escaped __proto__', { body: '{"taskGroup":"shop","tasks":[{"body":{"\\u005f_proto__":1}}]}' }, 400],
    ['of 2 MB', { body: `{"taskGroup":"shop","tasks":[{"body":"${'x'.repeat(2_000_000)}"}]}` }, 413],
    ['of 2 MB in base64', { body: ' '.repeat(2_000_000), base64: true }, 413],
    ['of 1 MB of three-byte characters', { body: `"${'€'.repeat(700_000)}"` }, 413],
    ['that is said to be a form', { body: 'a=b', headers: { 'content-type': 'application/x-www-form-urlencoded' } }, 415],
    ['that is said to be text', { body: '{}', headers: { 'content-type': 'text/plain; charset=utf-8' } }, 415],
    ['that is said to be compressed', { body: '{}', headers: { 'content-encoding': 'gzip' } }, 415],
    ['that is a list', { body: [good] }, 422],
    ['that is a text', { body: '"shop"' }, 422],
    ['that is null', { body: 'null' }, 422],
    ['with a number too large', { body: '{"taskGroup":"shop","tasks":[{"body":[1,1e999]}]}' }, 400],
  ])('%s', async (_what, sent, status) => {
    const answer = await world.call('POST', '/jobs', sent);
    expectProblem(answer, status);
    expect(world.aws.dynamodb.table(tables.jobs).items()).toEqual([]);
  });

  it('of 2 MB is told where to go', async () => {
    const answer = await world.call('POST', '/jobs', { body: ' '.repeat(2_000_000) });
    expect(answer.body.detail).toContain('POST /uploads');
  });

  it.each<[string, Sent]>([
    [
      'without a content type, in base64 as API Gateway has it then',
      { body: JSON.stringify(good), base64: true, headers: { 'content-type': '' } },
    ],
    ['of a type that is JSON', { body: good, headers: { 'content-type': 'application/vnd.shop+json; charset=UTF-8' } }],
    ['whose type came twice', { body: good, headers: { 'content-type': 'application/json, application/json' } }],
    ['with a byte order mark', { body: `\xef\xbb\xbf${JSON.stringify(good)}`, base64: true }],
    ['as deep as it may be', { body: { ...good, tasks: [{ body: JSON.parse(nested(90)) }] } }],
    [
      'with names of prototypes',
      { body: { ...good, tasks: [{ body: { constructor: 1, prototype: 2, toString: 3, hasOwnProperty: 4 } }] } },
    ],
    ['with characters that XML does not know', { body: { ...good, tasks: [{ body: '\u0000\u0008\ufffe\uffff\ud800' }] } }],
  ])('is taken %s', async (_what, sent) => {
    expect(await world.call('POST', '/jobs', sent)).toMatchObject({ status: 202 });
  });
});

describe('a field', () => {
  it.each<[string, Record<string, unknown>]>([
    ['taskGroup', { taskGroup: 7, tasks: [{ body: 1 }] }],
    ['taskGroup', { taskGroup: '', tasks: [{ body: 1 }] }],
    ['taskGroup', { taskGroup: 'x'.repeat(256), tasks: [{ body: 1 }] }],
    ['taskGroup', { taskGroup: 'a\udc00', tasks: [{ body: 1 }] }],
    ['function', { ...good, function: 'crunch' }],
    ['function', { function: 'not listed', tasks: [{ body: 1 }] }],
    ['function', { function: 'other', tasks: [{ body: 1 }] }],
    ['tasks', { taskGroup: 'shop' }],
    ['tasks', { taskGroup: 'shop', tasks: [] }],
    ['tasks', { taskGroup: 'shop', tasks: {} }],
    ['tasks', { taskGroup: 'shop', tasks: Array.from({ length: 1_001 }, () => ({ body: 1 })) }],
    ['file', { ...good, file: { upload: 'a' } }],
    ['file.upload', { taskGroup: 'shop', file: { upload: '../a' } }],
    ['file.bucket', { taskGroup: 'shop', file: { bucket: 7, key: 'a' } }],
    ['color', { ...good, color: 'red' }],
    ['tasks.0.colour', { taskGroup: 'shop', tasks: [{ body: 1, colour: 1 }] }],
    ['tasks.1.body', { taskGroup: 'shop', tasks: [{ body: 1 }, { id: 'b' }] }],
    ['tasks.0.id', { taskGroup: 'shop', tasks: [{ body: 1, id: '' }] }],
    ['tasks.0.id', { taskGroup: 'shop', tasks: [{ body: 1, id: 'a\u0000' }] }],
    ['tasks.0.id', { taskGroup: 'shop', tasks: [{ body: 1, id: 'a\uffff' }] }],
    ['tasks.0.id', { taskGroup: 'shop', tasks: [{ body: 1, id: '\ud800' }] }],
    ['tasks.0.messageGroup', { taskGroup: 'shop', tasks: [{ body: 1, messageGroup: 'a b' }] }],
    ['tasks.0.messageGroup', { function: 'crunch', tasks: [{ body: 1, messageGroup: 'a' }] }],
    ['tasks.0.delaySeconds', { taskGroup: 'shop', tasks: [{ body: 1, delaySeconds: 1, runAt: '2026-02-01T00:00:00Z' }] }],
    ['tasks.0.runAt', { taskGroup: 'shop', tasks: [{ body: 1, runAt: 'tomorrow' }] }],
    ['tasks.0.runAt', { taskGroup: 'shop', tasks: [{ body: 1, runAt: '2026-02-30T00:00:00Z' }] }],
    ['tasks.0.body', { taskGroup: 'shop', tasks: [{ body: 'x'.repeat(1_048_500) }] }],
    ['tasks.0.body', { function: 'crunch', tasks: [{ body: 'x'.repeat(1_048_500) }] }],
    ['runAt', { ...good, runAt: '9999-12-31T23:59:59Z' }],
    ['delaySeconds', { ...good, delaySeconds: -1 }],
    ['delaySeconds', { ...good, delaySeconds: 1.5 }],
    ['delaySeconds', { ...good, delaySeconds: 1e300 }],
    ['timeoutSeconds', { ...good, timeoutSeconds: 0 }],
    ['maxFailures', { ...good, maxFailures: '0' }],
    ['maxConcurrent', { ...good, maxConcurrent: 101 }],
    ['batchSize', { ...good, batchSize: 501 }],
    ['maxOutstanding', { function: 'crunch', tasks: [{ body: 1 }], maxOutstanding: 1_001 }],
    ['maxOutstanding', { ...good, maxOutstanding: 1 }],
    ['maxRetries', { ...good, maxRetries: 1 }],
    ['maxRetries', { function: 'crunch', tasks: [{ body: 1 }], maxRetries: 101 }],
    ['priority', { ...good, priority: 'urgent' }],
    ['name', { ...good, name: 'a\ud800' }],
    ['webhook.url', { ...good, webhook: { url: 'http://hooks.example.com/' } }],
    ['webhook.url', { ...good, webhook: { url: 'https://example.com/' } }],
    ['webhook.url', { ...good, webhook: { url: 'https://hooks.example.com.evil.org/' } }],
    ['webhook.url', { ...good, webhook: { url: 'https://user:word@hooks.example.com/' } }],
    ['webhook.url', { ...good, webhook: { url: 'https://hooks.example.org/' } }],
    ['webhook.url', { ...good, webhook: { url: 'https://169.254.169.254/' } }],
    ['webhook', { ...good, webhook: 'https://hooks.example.com/' }],
  ])('%s at fault is named', async (field, body) => {
    const answer = await world.call('POST', '/jobs', { body });
    expectProblem(answer, 422);
    expect(answer.body.errors.map((error: { field: string }) => error.field)).toContain(field);
    expect(answer.body.detail).toContain(field);
  });

  it('is named with all others, and of thousands the first hundred are', async () => {
    const all = await world.call('POST', '/jobs', { body: { taskGroup: 1, tasks: [{}], maxFailures: -1, x: 1 } });
    expect(all.body.errors.map((error: { field: string }) => error.field).sort()).toEqual([
      'maxFailures',
      'taskGroup',
      'tasks.0.body',
      'x',
    ]);
    const many = await world.call('POST', '/jobs', { body: { taskGroup: 'shop', tasks: Array.from({ length: 5_000 }, () => ({})) } });
    expect(many.body.errors).toHaveLength(101);
    expect(many.body.errors.at(-1)).toEqual({ field: '', message: 'and 4900 more' });
  });

  it('may be a webhook of a listed host, in any depth and with its port', async () => {
    for (const url of ['https://a.b.example.com/x?y=z', 'https://hooks.example.org:8443/'])
      expect(await world.call('POST', '/jobs', { body: { ...good, webhook: { url } } })).toMatchObject({ status: 202 });
  });
});

describe('a path and a query', () => {
  it.each([
    ['GET', '/nothing', 404],
    ['GET', '/', 404],
    ['GET', '//jobs', 404],
    ['GET', '/jobs/', 404],
    ['GET', '/jobs/a/b', 404],
    ['GET', '/jobs/id-9', 404],
    ['GET', '/jobs/%00', 404],
    ['GET', '/jobs/a%2Fb', 404],
    ['GET', `/jobs/${'x'.repeat(2_000)}`, 404],
    ['GET', '/jobs/__proto__', 404],
    ['GET', '/jobs/id-9/tasks', 404],
    ['GET', '/jobs/id-9/results', 404],
    ['POST', '/jobs/id-9/cancel', 404],
    ['POST', '/jobs/id-9/retry', 404],
    ['GET', '/pipelines/nobody', 404],
    ['GET', '/pipelines/%25', 404],
    ['GET', `/pipelines/${'x'.repeat(3_000)}`, 404],
    ['DELETE', '/jobs', 405],
    ['PUT', '/jobs/id-9', 405],
    ['GET', '/jobs/id-9/cancel', 405],
    ['HEAD', '/config', 405],
    ['QUERY', '/uploads', 405],
    ['GET', '/jobs?colour=red', 400],
    ['GET', '/jobs?__proto__=1', 400],
    ['GET', '/jobs?status=DONE', 400],
    ['GET', '/jobs?status=FAILED&status=FAILED', 400],
    ['GET', '/jobs?limit=0', 400],
    ['GET', '/jobs?limit=101', 400],
    ['GET', '/jobs?limit=1e1', 400],
    ['GET', '/jobs?limit=', 400],
    ['GET', '/jobs?from=yesterday', 400],
    ['GET', '/jobs?from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z', 400],
    ['GET', '/jobs?after=nonsense', 400],
    ['GET', '/jobs?taskGroup=a&function=b', 400],
    ['GET', '/jobs?function=a%20b', 400],
    ['GET', '/jobs?taskGroup=%E0%A4%A', 400],
    ['GET', '/jobs?%zz', 400],
    ['GET', '/config?x=1', 400],
    ['GET', '/pipelines?limit=-1', 400],
    ['GET', '/concurrency/stats?limit=x', 400],
    ['POST', '/jobs?async=maybe', 400],
    ['POST', '/uploads?x', 400],
  ])('%s %s: %i', async (method, path, status) => {
    expectProblem(await world.call(method, path), status);
  });

  it('with the wrong method is told which are right', async () => {
    expect((await world.call('PATCH', '/jobs')).headers['allow']).toBe('POST, GET');
  });

  it('may have a far away time, and a page after one of another list', async () => {
    const id = await world.submit();
    const after = encodeURIComponent(world.row(id)?.createdKey ?? '');
    for (const query of [
      'from=9999-01-01T00:00:00Z',
      'to=0000-01-01T00:00:00Z',
      'from=0000-01-01T00:00:00%2B14:00&to=9999-12-31T23:59:59-14:00',
      `after=${after}`,
      `status=FAILED&after=${after}`,
    ])
      expect(await world.call('GET', `/jobs?${query}`), query).toMatchObject({ status: 200 });
  });

  it('may name a group with any character', async () => {
    const at = '2026-01-01T00:00:00.000Z';
    for (const taskGroup of ['a b', 'a?b#c', '50 %', 'ü/ö', 'a%20b', '%2525', '../..', '\u0000'])
      world.aws.dynamodb.put(tables.pipelines, { taskGroup, schemaVersion: 1, phase: 'Active', message: '', createdAt: at, updatedAt: at });
    for (const taskGroup of ['a b', 'a?b#c', '50 %', 'a%20b', '\u0000'])
      expect((await world.call('GET', `/pipelines/${encodeURIComponent(taskGroup)}`)).body.taskGroup).toBe(taskGroup);
    for (const taskGroup of ['ü/ö', '../..', '%2525'])
      expect((await world.call('GET', `/pipelines?taskGroup=${encodeURIComponent(taskGroup)}`)).body.pipelines[0].taskGroup).toBe(
        taskGroup,
      );
  });
});

describe('anything at all', () => {
  let any: ApiWorld;
  beforeAll(() => {
    any = new ApiWorld({ functions: ['crunch'] });
    any.group('shop');
  });
  const operations = Object.values(jobRoutes);

  it('never ends in a 5xx: fields', async () => {
    const fields = fc.record(
      Object.fromEntries(
        ['taskGroup', 'function', 'tasks', 'file', 'name', 'priority', 'runAt', 'delaySeconds', 'maxFailures', 'webhook', 'strict'].map(
          (name) => [
            name,
            fc.oneof(
              fc.jsonValue({ maxDepth: 4 }),
              fc.constantFrom('shop', 'crunch', [{ body: 1 }], { upload: 'x' }, { url: 'https://x.example.com' }),
            ),
          ],
        ),
      ),
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(fields, async (body) => {
        const { status } = await any.call('POST', '/jobs', { body });
        expect([202, 400, 404, 409, 422]).toContain(status);
      }),
      { numRuns: 300 },
    );
  });

  it('never ends in a 5xx: events', async () => {
    const text = fc.string({ unit: 'binary', maxLength: 30 });
    const event = fc.record({
      route: fc.constantFrom(...operations.map(({ method, path }) => `${method} ${path}`), '$default'),
      path: text,
      query: fc.oneof(text, fc.constantFrom('async=false', 'limit=1', 'status=FAILED')),
      headers: fc.dictionary(fc.constantFrom('prefer', 'content-type', 'idempotency-key', 'authorization', 'x'), text),
      id: text,
      body: fc.oneof(text, fc.json()),
      isBase64Encoded: fc.boolean(),
      method: fc.constantFrom('GET', 'POST', 'PUT', 'x'),
    });
    await fc.assert(
      fc.asyncProperty(event, async ({ route, path, query, headers, id, body, isBase64Encoded, method }) => {
        const { status } = await any.raw({
          routeKey: route,
          rawPath: path,
          rawQueryString: query,
          headers,
          pathParameters: { id, taskId: id, group: id },
          body,
          isBase64Encoded,
          requestContext: { http: { method } },
        });
        expect(status).toBeLessThan(500);
      }),
      { numRuns: 1_000 },
    );
    expect(any.logged.filter(({ level }) => level === 'error')).toEqual([]);
  });
});
