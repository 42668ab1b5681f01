/** Who waits for a job's end: what asks for it, how long, and what comes when nobody can. */
import { beforeEach, describe, expect, it } from 'vitest';
import { preferencesOf } from '../../lambdas/framework/http/prefer.ts';
import { ApiWorld } from './api-world.ts';

let world: ApiWorld;
beforeEach(() => {
  world = new ApiWorld();
  world.group('shop');
});

const request = { taskGroup: 'shop', tasks: [{ id: 'a', body: 1 }, { body: 2 }] };
const post = (headers: Record<string, string> = {}, query = '') => world.call('POST', `/jobs${query}`, { body: request, headers });

/** The dispatcher and the consumer, some seconds after a job was made. */
function work(afterSeconds: number, status: 'done' | 'failed' = 'done'): void {
  world.aws.clock.after(afterSeconds * 1_000, () => {
    void world.start('id-1').then(() =>
      world.end('id-1', [
        { n: 1, status, result: '{"got":1}' },
        { n: 2, status: 'done' },
      ]),
    );
  });
}
const seconds = () => (world.aws.clock.nowMs() - Date.UTC(2026, 0, 1)) / 1_000;

describe('Prefer', () => {
  it.each([
    [undefined, { respondAsync: false }],
    ['', { respondAsync: false }],
    ['wait=20', { respondAsync: false, wait: 20 }],
    ['Wait="7"', { respondAsync: false, wait: 7 }],
    ['respond-async', { respondAsync: true }],
    ['respond-async, wait=10', { respondAsync: true, wait: 10 }],
    ['return=minimal; foo="a, wait=3", wait=5; x=y', { respondAsync: false, wait: 5 }],
    ['wait=1, wait=2', { respondAsync: false, wait: 1 }],
    ['wait', { respondAsync: false }],
    ['wait=-1', { respondAsync: false }],
    ['wait=9999999999999', { respondAsync: false }],
    ['"wait=5', { respondAsync: false }],
    [',,;;==,"\\', { respondAsync: false }],
  ])('%j', (header, expected) => expect(preferencesOf(header)).toEqual(expected));
});

describe('POST /jobs', () => {
  it('does not wait of its own accord', async () => {
    work(0.5);
    expect(await post()).toMatchObject({ status: 202 });
    expect(seconds()).toBeLessThan(0.5);
  });

  it.each([
    ['a Prefer header', { prefer: 'wait=20' }, '', 'wait'],
    ['the query', {}, '?async=false', undefined],
    ['a Prefer header over the query', { prefer: 'wait=20' }, '?async=true', 'wait'],
  ])('waits for %s, and answers with the results', async (_what, headers, query, applied) => {
    work(3, 'failed');
    const answer = await post(headers as Record<string, string>, query);
    expect(answer).toMatchObject({ status: 200, body: { id: 'id-1', status: 'FAILED', total: 2, completed: 1, failed: 1 } });
    expect(answer.body.results).toMatchObject([
      { n: 1, status: 'failed', error: { message: 'no' } },
      { n: 2, status: 'done' },
    ]);
    expect(answer.headers['preference-applied']).toBe(applied);
    expect(answer.headers['retry-after']).toBeUndefined();
    expect(seconds()).toBeGreaterThan(3);
    expect(seconds()).toBeLessThan(5);
  });

  it('waits where the stage says so, unless the request says otherwise', async () => {
    world = new ApiWorld({ asyncProcessing: false });
    world.group('shop');
    expect(await post({ prefer: 'respond-async' })).toMatchObject({ status: 202, headers: { 'preference-applied': 'respond-async' } });
    expect(await post({}, '?async=true')).toMatchObject({ status: 202 });
    expect(seconds()).toBeLessThan(1);
    expect(await post()).toMatchObject({ status: 202 });
    expect(seconds()).toBeGreaterThan(24);
  });

  it('is answered in time, however long it would wait', async () => {
    const answer = await post({ prefer: 'wait=600' });
    expect(answer).toMatchObject({ status: 202, body: { status: 'PENDING' }, headers: { 'preference-applied': 'wait' } });
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
    expect(seconds()).toBeGreaterThan(24);
    expect(seconds()).toBeLessThan(27);
  });

  it('waits no longer than it was asked to', async () => {
    await post({ prefer: 'wait=2' });
    expect(seconds()).toBeGreaterThan(1.9);
    expect(seconds()).toBeLessThan(3);
  });

  it('is answered at once where all who may wait do', async () => {
    world.waitCap = 0;
    const answer = await post({ prefer: 'wait=20' });
    expect(answer).toMatchObject({ status: 202, headers: { 'retry-after': expect.any(String), location: '/jobs/id-1' } });
    expect(answer.headers['preference-applied']).toBeUndefined();
    expect(seconds()).toBeLessThan(1);
  });

  it('is answered at once where nothing caps the waits', async () => {
    world = new ApiWorld({ reserveOwnConcurrency: false });
    world.group('shop');
    expect(await post({ prefer: 'wait=20' })).toMatchObject({ status: 202 });
    expect(seconds()).toBeLessThan(1);
  });

  it('answers a repeat with the results', async () => {
    await post({ 'idempotency-key': 'k' });
    work(1);
    expect(await post({ 'idempotency-key': 'k', prefer: 'wait=5' })).toMatchObject({
      status: 200,
      body: { id: 'id-1', status: 'COMPLETED' },
    });
  });
});

describe('GET /jobs/{id}', () => {
  it('waits for the end as often as it is asked to', async () => {
    await post();
    work(30);
    const first = await world.call('GET', '/jobs/id-1', { headers: { prefer: 'wait=20' } });
    expect(first).toMatchObject({
      status: 200,
      body: { status: 'PENDING' },
      headers: { 'preference-applied': 'wait', 'retry-after': expect.any(String) },
    });
    const second = await world.call('GET', '/jobs/id-1', { headers: { prefer: 'wait=20' } });
    expect(second).toMatchObject({ status: 200, body: { status: 'COMPLETED' } });
    expect(seconds()).toBeGreaterThan(30);
    expect(seconds()).toBeLessThan(32);
  });

  it('does not wait for what has ended, nor where nobody can', async () => {
    await post();
    world.waitCap = 0;
    expect(await world.call('GET', '/jobs/id-1', { headers: { prefer: 'wait=20' } })).toMatchObject({ body: { status: 'PENDING' } });
    await world.start('id-1');
    await world.end('id-1', [
      { n: 1, status: 'done' },
      { n: 2, status: 'done' },
    ]);
    expect(await world.call('GET', '/jobs/id-1', { headers: { prefer: 'wait=20' } })).toMatchObject({ body: { status: 'COMPLETED' } });
    expect(seconds()).toBeLessThan(1);
  });
});
