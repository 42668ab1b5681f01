/** Results, read as they come. */
import { describe, expect, it } from 'vitest';
import { linesOf } from '../../client/lines.ts';
import { Problem } from '../../lambdas/contract/job.ts';
import { ResultsPending, ResultsPlace } from '../../lambdas/contract/job-api.ts';
import { type ApiDouble, apiDouble, clientFor, inTurn, type Reply, reply } from './api-double.ts';

const lines = Array.from({ length: 500 }, (_, i) =>
  i % 100 === 7
    ? { n: i + 1, status: 'failed', error: { class: 'DATA', message: 'zu groß: 🦆' }, task: { id: `t${i}`, body: [i] } }
    : { n: i + 1, id: `t${i}`, status: 'done', result: { text: 'größer 🦆'.repeat(i % 5) } },
);
const ndjson = (of: unknown[]) => Buffer.from(of.map((line) => `${JSON.stringify(line)}\n`).join(''));

async function stage(...before: Reply[]): Promise<ApiDouble> {
  const api: ApiDouble = await apiDouble({
    getResults: ({ query }) => turn(query.get('only') ?? ''),
  });
  const place = (only: string) => reply(200, ResultsPlace, { url: api.bucket.placeOf(only), expiresAt: '2026-11-27T00:00:00Z' });
  const turn = (only: string) => before.shift() ?? place(only);
  api.bucket.objects.set('all', ndjson(lines));
  api.bucket.objects.set('failed', ndjson([{ id: 't7', body: [7] }]));
  return api;
}

async function all<T>(source: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of source) items.push(item);
  return items;
}

it('waits until they are written', async () => {
  const pending = reply(202, ResultsPending, { message: 'the file is being written' }, { 'retry-after': '2' });
  const { client, clock } = clientFor(await stage(pending, pending));
  expect(await all(client.results('j1'))).toEqual(lines);
  expect(clock.slept).toEqual([2_000, 2_000]);
});

it('has the failed ones in a form that can be submitted again', async () => {
  expect(await all(clientFor(await stage()).client.results('j1', { only: 'failed' }))).toEqual([{ id: 't7', body: [7] }]);
});

it('goes on where a connection broke, in the middle of a letter too', async () => {
  const api = await stage();
  const duck = api.bucket.objects.get('all')?.indexOf('🦆') ?? 0;
  api.bucket.breaks = [duck + 2, 1_000];
  const { client } = clientFor(api);
  expect(await all(client.results('j1'))).toEqual(lines);
  expect(api.bucket.ranges[0]).toBeUndefined();
  expect(api.bucket.ranges).toHaveLength(3);
});

it('asks for a new address where the old one has expired', async () => {
  const api = await stage();
  api.bucket.refusals = [403];
  expect(await all(clientFor(api).client.results('j1'))).toHaveLength(500);
  expect(api.of('getResults')).toHaveLength(2);
});

it('stops reading when its reader does', async () => {
  for await (const line of clientFor(await stage()).client.results('j1')) if (line.n === 3) break;
});

it('says why there are none yet', async () => {
  const conflict = reply(409, Problem, { type: 't', title: 'Not in the state it is in', status: 409, detail: 'The job is RUNNING' });
  await expect(all(clientFor(await stage(conflict)).client.results('j1'))).rejects.toThrow('The job is RUNNING');
});

it('says that a line is none it knows', async () => {
  const api = await stage();
  api.bucket.objects.set('all', Buffer.from('{"n":1,"status":"odd"}\n'));
  await expect(all(clientFor(api).client.results('j1'))).rejects.toThrow('this version of the client');
});

it('gives up where it never comes', async () => {
  const api = await stage();
  api.routes.getResults = inTurn(reply(200, ResultsPlace, { url: api.bucket.placeOf('gone'), expiresAt: '2026-11-27T00:00:00Z' }));
  await expect(all(clientFor(api).client.results('j1'))).rejects.toThrow('404');
});

describe('lines', () => {
  const text = 'eins\n\n zwölf 🦆\r\n{"a":1}\n \nlast';
  async function* cut(size: number) {
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
  }

  it.each([1, 2, 3, 5, 7, 100])('are whole in chunks of %i bytes', async (size) => {
    expect((await all(linesOf(cut(size)))).map((line) => line.trim())).toEqual(['eins', 'zwölf 🦆', '{"a":1}', 'last']);
  });

  it('may be long, and cost what their length is', async () => {
    async function* long() {
      for (let n = 0; n < 20_000; n += 1) yield Buffer.alloc(1_000, 'x');
      yield '\n';
    }
    expect((await all(linesOf(long())))[0]).toHaveLength(20_000_000);
  });
});
