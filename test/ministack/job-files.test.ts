/** Jobs of a file: plain and gzip, with lines that are no tasks, strict, large; beside a job of one; while things die. */
import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { ListFunctionsCommand, UpdateFunctionConfigurationCommand } from '@aws-sdk/client-lambda';
import { beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { aws, namesOf, removeGroupsAfterwards } from '../support/groups.ts';
import { inputBucket as bucket, makeInputBucket, putInput } from '../support/input-bucket.ts';
import { api, exchange, jobGroup, jobOf, submit, untilEnded, untilJob } from '../support/job-api.ts';
import { stage } from '../support/shared-stage.ts';

const lines = (count: number, more: object = {}) =>
  Array.from({ length: count }, (_, i) => JSON.stringify({ id: `l${i + 1}`, body: { value: i + 1, ...more } })).join('\n');

async function upload(content: string | Uint8Array): Promise<string> {
  const { status, json } = await api('POST', '/uploads');
  expect(status).toBe(201);
  const sent = await exchange(json.url, json.method, json.headers, content);
  expect(sent.status).toBe(200);
  return json.upload;
}

/** The lines of a job's results file. */
async function resultsOf(id: string, only = 'all'): Promise<Record<string, unknown>[]> {
  const { url } = await eventually(`the results of ${id}`, async () => {
    const { status, json, text } = await api('GET', `/jobs/${id}/results`, { query: { only } });
    if (status !== 200) throw new Error(`${status} ${text}`);
    return json;
  });
  const { text } = await exchange(url, 'GET', {});
  return text === ''
    ? []
    : text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line));
}

let taskGroup: string;

removeGroupsAfterwards();
beforeAll(async () => {
  // A short timeout, and with it a short visibility: what a killed invocation held comes back soon.
  taskGroup = await jobGroup('files', { concurrency: 10, batch: { size: 5 }, function: { timeout: 6 } });
});

describe.concurrent('a job of a file', () => {
  test('may be gzip; a line that is no task fails alone, with its number, and the rest runs', async () => {
    const content = `${lines(40)}\n\n{"id": "broken"\n{"id": "wrong", "body": 1, "bodies": 2}\r\n${lines(1)}`;
    const id = await submit({ taskGroup, file: { upload: await upload(gzipSync(content)) } });
    const job = await untilEnded(id);
    expect(job).toMatchObject({ status: 'FAILED', total: 43, completed: 41, failed: 2, dispatched: 41, deadLettered: 0 });
    const results = await resultsOf(id);
    expect(results.map(({ n }) => n)).toEqual(Array.from({ length: 43 }, (_, i) => i + 1));
    expect(results[0]).toMatchObject({ n: 1, id: 'l1', status: 'done', result: { value: 1, attempt: 1 } });
    expect(results[40]).toMatchObject({ n: 41, status: 'failed', error: { class: 'DATA', line: 42 } });
    expect(results[41]).toMatchObject({ n: 42, error: { line: 43, message: expect.stringContaining('bodies') } });
    // No body is known of them that could be submitted again.
    expect(await resultsOf(id, 'failed')).toEqual([]);
  });

  test('fails as a whole where it is to be strict, before anything runs', async () => {
    const id = await submit({ taskGroup, file: { upload: await upload(`${lines(20)}\nnonsense\n`) }, strict: true });
    const job = await untilEnded(id);
    expect(job).toMatchObject({ status: 'FAILED', dispatched: 0, completed: 0, message: expect.stringContaining('line 21') });
  });

  test('may be in a bucket that the stage lists, and in no other', async () => {
    await makeInputBucket();
    await putInput('in/tasks.ndjson', lines(3));
    const id = await submit({ taskGroup, file: { bucket, key: 'in/tasks.ndjson' } });
    expect(await untilEnded(id)).toMatchObject({ status: 'COMPLETED', total: 3 });
    const other = await api('POST', '/jobs', { body: { taskGroup, file: { bucket: 'somebody-elses', key: 'x' } } });
    expect(other).toMatchObject({ status: 422, json: { errors: [{ field: 'file.bucket' }] } });
    const missing = await api('POST', '/jobs', { body: { taskGroup, file: { bucket, key: 'not there' } } });
    expect(missing.status).toBe(422);
  });

  test('gives its failed tasks back in a form that can be submitted again', async () => {
    const id = await submit({
      taskGroup,
      tasks: [
        { id: 'a', body: { value: 1 } },
        { id: 'b', body: { fail: 'DATA', value: 2 }, timeoutSeconds: 900 },
      ],
    });
    await untilEnded(id);
    const failed = await resultsOf(id, 'failed');
    expect(failed).toEqual([{ id: 'b', body: { fail: 'DATA', value: 2 }, timeoutSeconds: 900 }]);
    expect(await submit({ taskGroup, tasks: failed })).not.toBe(id);
  });
});

test('20,000 tasks of a file leave room for the one of another job, and can be cancelled', async () => {
  const large = await submit({ taskGroup, file: { upload: await upload(lines(20_000)) }, name: 'large' });
  await untilJob(large, 'well under way', ({ completed }) => completed >= 100, 120);
  const one = await submit({ taskGroup, tasks: [{ body: { value: 'one' } }] });
  expect(await untilEnded(one)).toMatchObject({ status: 'COMPLETED', result: { value: 'one' } });
  const { total, completed, dispatched } = await jobOf(large);
  expect(total).toBe(20_000);
  // It is far from its end, and what it has on the queue is not much.
  expect(completed).toBeLessThan(10_000);
  expect(dispatched - completed).toBeLessThan(2_000);
  expect((await api('POST', `/jobs/${large}/cancel`)).json).toMatchObject({ status: 'CANCELLED' });
}, 240_000);

test('each task ends once, though dispatcher and consumer are killed again and again', async () => {
  const count = 1_000;
  const id = await submit({ taskGroup, file: { upload: await upload(lines(count, { ms: 20 })) } });
  // On the local AWS, changing a function kills what it runs.
  const { Functions = [] } = await aws.lambda.send(new ListFunctionsCommand({}));
  const isDispatcher = (name = '') => name.startsWith(`${stage.outputs.Prefix}-Jobs`) && name.includes('Dispatcher');
  const dispatcher = Functions.find(({ FunctionName }) => isDispatcher(FunctionName))?.FunctionName;
  const victims = [dispatcher, namesOf(taskGroup).function];
  for (const FunctionName of [...victims, ...victims]) {
    const before = (await jobOf(id)).completed;
    await untilJob(id, 'it goes on', ({ completed, status }) => completed > before || status === 'COMPLETED', 120);
    const Description = `killed ${randomBytes(2).toString('hex')}`;
    await aws.lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName, Description }));
  }
  expect(await untilEnded(id, 240)).toMatchObject({ status: 'COMPLETED', total: count, dispatched: count, completed: count, failed: 0 });
  const results = await resultsOf(id);
  expect(results.map(({ n }) => n)).toEqual(Array.from({ length: count }, (_, i) => i + 1));
  expect(new Set(results.map(({ status }) => status))).toEqual(new Set(['done']));
}, 360_000);
