/** A task file is read in blocks from any task on, whatever its connections do, and never more of it than is asked for. */
import { afterEach, describe, expect, it } from 'vitest';
import { taskFile } from '../../lambdas/aws/jobs/task-file.ts';
import type { StoredTask } from '../../lambdas/contract/job-table.ts';
import { type Located, storedLine } from '../../lambdas/domain/job/line.ts';
import { eventually } from '../support/eventually.ts';
import { type Behaviour, type ObjectServer, objectServer } from './object-server.ts';

const stored = (n: number): StoredTask => ({ n, id: `täsk ${n}`, body: { n, text: 'ü€😀'.repeat(n % 7) } });
const tasks = (count: number) => Array.from({ length: count }, (_, i) => stored(i + 1));
const fileOf = (all: readonly StoredTask[]) => Buffer.from(all.map(storedLine).join(''));
const noWait = { sleep: async () => undefined };

let server: ObjectServer | undefined;
afterEach(async () => server?.stop());

async function open(behaviour: Behaviour) {
  server = await objectServer(behaviour);
  return { file: taskFile(server.s3, 'data', noWait), server };
}

async function all(blocks: AsyncIterable<Located[]>): Promise<Located[][]> {
  const seen: Located[][] = [];
  for await (const block of blocks) seen.push(block);
  return seen;
}

describe('a task file', () => {
  it('comes in blocks, each task with the bytes that hold it', async () => {
    const body = fileOf(tasks(123));
    const { file } = await open({ body });
    const blocks = await all(file.blocks('tasks', { byte: 0, batchSize: 50 }));
    expect(blocks.map(({ length }) => length)).toEqual([50, 50, 23]);
    expect(blocks.flat().map(({ task }) => task)).toEqual(tasks(123));
    for (const { task, fromByte, toByte } of blocks.flat()) expect(body.subarray(fromByte, toByte).toString()).toBe(storedLine(task));
  });

  it('goes on from any task, and has none behind the last', async () => {
    const body = fileOf(tasks(30));
    const { file, server: seen } = await open({ body });
    const [first = []] = await all(file.blocks('tasks', { byte: 0, batchSize: 50 }));
    const byte = first[9]?.toByte ?? 0;
    const rest = await all(file.blocks('tasks', { byte, batchSize: 50 }));
    expect(rest.flat().map(({ task }) => task.n)).toEqual(Array.from({ length: 20 }, (_, i) => i + 11));
    expect(seen.ranges).toEqual([undefined, `bytes=${byte}-`]);
    expect(await all(file.blocks('tasks', { byte: body.byteLength, batchSize: 50 }))).toEqual([]);
    const some = await all(file.blocks('tasks', { byte, toByte: first[19]?.toByte, batchSize: 50 }));
    expect(some.flat().map(({ task }) => task.n)).toEqual([11, 12, 13, 14, 15, 16, 17, 18, 19, 20]);
  });

  it('gives one task by its bytes', async () => {
    const { file } = await open({ body: fileOf(tasks(5)) });
    const [block = []] = await all(file.blocks('tasks', { byte: 0, batchSize: 5 }));
    const { fromByte = 0, toByte = 0 } = block[2] ?? {};
    expect(await file.at('tasks', fromByte, toByte)).toEqual(block[2]);
  });

  it('is read whole over connections that break anywhere', async () => {
    const body = fileOf(tasks(2_000));
    const { file, server: seen } = await open({ body, breaksAfter: (request) => (request < 12 ? 1 + request * 997 : undefined) });
    const blocks = await all(file.blocks('tasks', { byte: 0, batchSize: 50 }));
    expect(blocks.flat().map(({ task }) => task)).toEqual(tasks(2_000));
    expect(seen.ranges).toHaveLength(12);
  });

  it('is given up where connection after connection brings nothing', async () => {
    const { file, server: seen } = await open({ body: fileOf(tasks(10)), breaksAfter: () => 0 });
    await expect(all(file.blocks('tasks', { byte: 0, batchSize: 50 }))).rejects.toThrow();
    expect(seen.ranges).toHaveLength(5);
  });

  it('that is not there is not asked for again', async () => {
    const { file, server: seen } = await open({ body: Buffer.of(), status: () => ({ code: 404, error: 'NoSuchKey' }) });
    await expect(all(file.blocks('tasks', { byte: 0, batchSize: 50 }))).rejects.toThrow('GetObject data/tasks: NoSuchKey');
    expect(seen.ranges).toHaveLength(1);
  });

  it('lets go of its connection when nobody reads on', async () => {
    const { file, server: seen } = await open({ body: fileOf(tasks(200_000)) });
    for await (const block of file.blocks('tasks', { byte: 0, batchSize: 50 })) {
      expect(block).toHaveLength(50);
      break;
    }
    await eventually('the connection closed', async () => seen.cut() === 1 || undefined);
  });

  it('says where it is damaged', async () => {
    const { file } = await open({ body: Buffer.concat([fileOf(tasks(1)), Buffer.from('{"n":\n')]) });
    const { byteLength } = fileOf(tasks(1));
    await expect(all(file.blocks('tasks', { byte: 0, batchSize: 50 }))).rejects.toThrow(
      `tasks is damaged at byte ${byteLength}: a line is no task`,
    );
  });
});
