/** AWS in trouble, and trouble of our own: told apart, told of, and nothing half-made. */
import { beforeEach, expect, it } from 'vitest';
import { AwsError } from '../double/aws/errors.ts';
import { ApiWorld, tables } from './api-world.ts';

let world: ApiWorld;
beforeEach(() => {
  world = new ApiWorld();
  world.group('shop');
});

const request = { taskGroup: 'shop', tasks: [{ body: 1 }] };
const fail = (operation: string, effect: Error, when: 'before' | 'after' = 'before') =>
  world.aws.log.plant({ fits: (call) => call.operation === operation, nth: 1, when, effect });

it('asks to come again where AWS throttles', async () => {
  fail('Query', new AwsError('ProvisionedThroughputExceededException', 'too much', 400));
  expect(await world.call('GET', '/jobs/id-1')).toMatchObject({
    status: 503,
    headers: { 'retry-after': '2', 'content-type': 'application/problem+json' },
    body: { type: 'docs/jobs.md#problem-busy' },
  });
});

it('does not show what failed, but where it is told', async () => {
  fail('Query', new Error('secret word'));
  const answer = await world.call('GET', '/jobs/id-1');
  expect(answer).toMatchObject({ status: 500, body: { detail: expect.stringContaining('request-1') } });
  expect(answer.text).not.toContain('secret word');
  expect(world.logged.find(({ level }) => level === 'error')?.fields).toMatchObject({ request: 'request-1', error: 'Error: secret word' });
});

it('makes no job where its tasks could not be written, and one where it is asked again', async () => {
  fail('PutObject', new AwsError('SlowDown', 'reduce your rate', 503));
  const key = { 'idempotency-key': 'k' };
  expect(await world.call('POST', '/jobs', { body: request, headers: key })).toMatchObject({ status: 503 });
  expect(world.aws.dynamodb.table(tables.jobs).items()).toEqual([]);
  expect(await world.call('POST', '/jobs', { body: request, headers: key })).toMatchObject({ status: 202 });
});

it('makes one job where the answer to its making was lost and the caller asks again', async () => {
  fail('TransactWrite', new AwsError('InternalServerError', 'lost', 500), 'after');
  const key = { 'idempotency-key': 'k' };
  expect(await world.call('POST', '/jobs', { body: request, headers: key })).toMatchObject({ status: 503 });
  const again = await world.call('POST', '/jobs', { body: request, headers: key });
  expect(again).toMatchObject({ status: 202, body: { id: 'id-1' } });
  expect(
    world.aws.dynamodb
      .table(tables.jobs)
      .items()
      .filter(({ sk }) => sk === 'meta'),
  ).toHaveLength(1);
});

it('answers with the id though the job could not be looked at right after', async () => {
  fail('Query', new Error('no'));
  expect(await world.call('POST', '/jobs', { body: request })).toMatchObject({ status: 202, body: { id: 'id-1', status: 'PENDING' } });
});
