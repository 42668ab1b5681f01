/** What becomes of the lines of a file: tasks, failed tasks, or a job that fails with a clear sentence. */
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { sourceLineBytes } from '../../lambdas/domain/job/source-line.ts';
import { IntakeWorld, sourceKey } from './intake-world.ts';

const lines = (...all: string[]) => Buffer.from(`${all.join('\n')}\n`);
const task = (body: unknown, more: object = {}) => JSON.stringify({ body, ...more });

async function read(file: Buffer, request: Record<string, unknown> = {}, options: { target?: string } = {}) {
  const world = new IntakeWorld();
  const job = await world.submit(file, request, options);
  await world.readAll(job);
  return { world, job, row: world.row(job) };
}

describe('a file of tasks', () => {
  it('becomes the task file, and its job waits for a slot', async () => {
    const later = task('b', { id: 'mine', delaySeconds: 60, timeoutSeconds: 5, messageGroup: 'g' });
    const { world, job, row } = await read(lines(task({ a: ['ü', 1] }), later, task(null, { runAt: '2026-02-01T00:00:00Z' })));
    expect(world.file(job)).toEqual([
      { n: 1, body: { a: ['ü', 1] } },
      { n: 2, id: 'mine', body: 'b', runAtMs: row.createdAtMs + 60_000, timeoutSeconds: 5, messageGroup: 'g' },
      { n: 3, body: null, runAtMs: Date.UTC(2026, 1, 1) },
    ]);
    expect(row).toMatchObject({ status: 'PENDING', total: 3, fileBytes: Buffer.byteLength(world.fileText(job) ?? '') });
    expect(row.readyAtMs).toBeGreaterThan(0);
    expect(row.intake).toBeUndefined();
    expect(world.hints('dispatch')).toEqual([{ kind: 'schedule' }]);
  });

  it.each([
    ['with a byte order mark', Buffer.concat([Buffer.of(0xef, 0xbb, 0xbf), lines(task(1), task(2))])],
    ['with CRLF', Buffer.from(`${task(1)}\r\n${task(2)}\r\n`)],
    ['with blank lines', lines('', task(1), '  ', '\t\r', task(2), '')],
    ['without an end of its last line', Buffer.from(`${task(1)}\n${task(2)}`)],
    ['as gzip', gzipSync(lines(task(1), task(2)))],
    [
      'as gzip of several members',
      Buffer.concat([gzipSync(`${task(1)}\n${task(2).slice(0, 5)}`), gzipSync(''), gzipSync(task(2).slice(5))]),
    ],
    ['as gzip with a byte order mark', gzipSync(Buffer.concat([Buffer.of(0xef, 0xbb, 0xbf), lines(task(1), task(2))]))],
  ])('%s is the same', async (_, file) => {
    const { world, job, row } = await read(file);
    expect(world.file(job)).toEqual([
      { n: 1, body: 1 },
      { n: 2, body: 2 },
    ]);
    expect(row.total).toBe(2);
  });

  it('of a function takes no message group', async () => {
    const { world, job } = await read(lines(task(1, { messageGroup: 'g' })), {}, { target: 'function:worker' });
    expect(world.taskRow(job, 1)?.error?.message).toContain('messageGroup: is for task groups');
  });
});

describe('a bad line', () => {
  const long = 'x'.repeat(sourceLineBytes);
  const deep = `{"body":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
  it.each([
    ['{"body":', 'is not JSON: '],
    ['[1]', 'expected object'],
    ['{"id":"a"}', 'body: must be there'],
    [task(1, { colour: 'red' }), 'Unrecognized key: "colour"'],
    [task(1, { runAt: 'soon' }), 'runAt: '],
    [task(1, { runAt: '2026-01-01T00:00:00Z', delaySeconds: 1 }), 'delaySeconds: must not be there together with runAt'],
    [task(1, { id: 'a\u0000' }), 'id: has a character that SQS does not take'],
    ['{"body":1e999}', 'body: '],
    [deep, 'is nested too deeply'],
    [task(long.slice(0, 1_048_560)), 'body: takes '],
    [long + long, `is longer than ${sourceLineBytes} bytes`],
  ])('%#', async (line, message) => {
    const { world, job, row } = await read(lines(task(1), '', line, task(3)));
    expect(world.file(job)).toEqual([
      { n: 1, body: 1 },
      { n: 3, body: 3 },
    ]);
    expect(row.total).toBe(3);
    expect(world.taskRow(job, 2)).toMatchObject({ status: 'failed', unsent: true, error: { class: 'DATA', line: 3 } });
    expect(world.taskRow(job, 2)?.error?.message).toContain(message);
  });

  it('is one that is not UTF-8', async () => {
    const { world, job } = await read(Buffer.concat([lines(task(1)), Buffer.of(0x22, 0xff, 0x22, 0x0a)]));
    expect(world.taskRow(job, 2)?.error).toEqual({ class: 'DATA', message: 'is not UTF-8', line: 2 });
  });

  it('fails the whole job where it is strict', async () => {
    const { world, job, row } = await read(lines(task(1), '', '{'), { strict: true });
    expect(row).toMatchObject({ status: 'FAILED', failure: expect.stringMatching(/^line 3 of the file: is not JSON: /) });
    expect(world.taskRow(job, 2)).toBeUndefined();
    expect(world.hints('events')).toMatchObject([{ job }]);
    expect(world.hints('dispatch')).toEqual([]);
  });

  it('may be every one: the job is sent nothing, and counts them', async () => {
    const { world, job, row } = await read(lines(...Array.from({ length: 700 }, () => '{')));
    expect(row).toMatchObject({ status: 'PENDING', total: 700, fileBytes: 0 });
    expect(world.fileText(job)).toBe('');
    expect((await world.settled(world.services().jobs.look(job)))?.counts).toMatchObject({ failed: 700, unsent: 700 });
  });
});

describe('a file that cannot be read fails its job, and says why', () => {
  it.each([
    ['empty', Buffer.of(), 'the file has no task in it'],
    ['blank', lines('', ' ', ''), 'the file has no task in it'],
    ['empty gzip', gzipSync(''), 'the file has no task in it'],
    ['cut gzip', gzipSync(lines(task('x'.repeat(1_000)))).subarray(0, 30), 'the file is gzip, and damaged: unexpected end of file'],
    ['damaged gzip', Buffer.concat([Buffer.of(0x1f, 0x8b, 8, 0), Buffer.alloc(20, 0xaa)]), 'the file is gzip, and damaged: '],
  ])('%s', async (_, file, failure) => {
    const { row } = await read(file);
    expect(row).toMatchObject({ status: 'FAILED', failure: expect.stringContaining(failure) });
  });

  it('as it was changed', async () => {
    const world = new IntakeWorld();
    const job = await world.submit(lines(task(1)));
    world.aws.s3.put('data-bucket', sourceKey, task(2));
    await world.readAll(job);
    expect(world.row(job).failure).toBe('s3://data-bucket/uploads/one was changed after the job was accepted; submit it again');
  });

  it('as it is gone', async () => {
    const world = new IntakeWorld();
    const job = await world.submit(lines(task(1)));
    await world.deleteSource();
    await world.readAll(job);
    expect(world.row(job).failure).toBe('s3://data-bucket/uploads/one is gone; upload it again and submit anew');
  });
});

describe('memory', () => {
  it('does not grow with what a file unpacks to', async () => {
    const bomb = gzipSync(Buffer.alloc(150 * 1_048_576, 0x20));
    const before = process.memoryUsage().rss;
    const { row } = await read(Buffer.concat([bomb, gzipSync(lines('', task(1)))]));
    expect(row.total).toBe(2);
    expect((process.memoryUsage().rss - before) / 1_048_576).toBeLessThan(150);
  });
});
