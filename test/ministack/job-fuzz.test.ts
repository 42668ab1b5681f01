/** The deployed job API against its own OpenAPI document: whatever is sent, nothing breaks, and every answer is a documented one. */
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { type JobRoute, jobRoutes } from '../../lambdas/contract/job-routes.ts';
import { eventually } from '../support/eventually.ts';
import { type FuzzRun, fuzz, type KnownThings } from '../support/fuzz/schemathesis.ts';
import { removeGroupsAfterwards } from '../support/groups.ts';
import { api, exchange, jobGroup, submit, untilEnded } from '../support/job-api.ts';
import { poolGroup, say, type Told } from '../support/placed-jobs.ts';
import { stage } from '../support/shared-stage.ts';
import { type Ear, listen, makeTargetFunction } from '../support/target-function.ts';

const target = 'sluice-test-silent';
let ear: Ear | undefined;
let heartbeats: NodeJS.Timeout | undefined;

removeGroupsAfterwards();
afterAll(async () => {
  clearInterval(heartbeats);
  await cancelled();
  await noLimits();
  await ear?.stop();
});

/** Whatever was made and would go on: the files after this one need the slots. */
async function cancelled(): Promise<void> {
  for (const status of ['PENDING', 'RUNNING'])
    await eventually(`no ${status} job is left`, async () => {
      const { json } = await api('GET', '/jobs', { query: { status, limit: '100' } });
      await Promise.all(json.jobs.map(({ id }: { id: string }) => api('POST', `/jobs/${id}/cancel`)));
      return json.jobs.length === 0;
    });
}

/** They hold for the files after this one, too. */
async function noLimits(): Promise<void> {
  const { json } = await api('GET', '/limits');
  const customers = Object.fromEntries(Object.keys(json.customers).map((customer) => [customer, null]));
  const { status, text } = await api('PUT', '/limits', { body: { overall: {}, customers } });
  if (status !== 200) throw new Error(`limits were not taken back: ${status} ${text}`);
}

async function knownThings(): Promise<KnownThings> {
  const [taskGroup, pool] = await Promise.all([
    jobGroup('fuzz'),
    poolGroup('fuzzed', { labels: { fuzz: 'yes' }, capacity: { maxJobs: 100, quantities: { cpu: 1_000 } } }),
    makeTargetFunction(target),
    api('PUT', '/limits', { body: { overall: { maxJobs: 100 } } }),
  ]);
  const listening = await listen();
  ear = listening;
  const silent = { body: { tell: listening.url, silent: true }, timeoutSeconds: 3_600 };
  const asked = await Promise.all([
    submit({ taskGroup, tasks: [{ id: 'a', body: { value: 1 } }, { body: { value: 2 } }] }),
    submit({ taskGroup, tasks: [{ body: { fail: 'DATA' } }] }),
    submit({ taskGroup, tasks: [{ body: 1 }], delaySeconds: 86_400 }),
    submit({ function: target, tasks: Array.from({ length: 6 }, () => silent) }),
    submit({ taskGroup, tasks: [{ body: 1 }], delaySeconds: 86_400 }),
  ]);
  await Promise.all(asked.slice(0, 2).map((id) => untilEnded(id)));
  await api('POST', `/jobs/${asked[4]}/cancel`);
  await eventually('every task of the function is out', async () => listening.told.length >= 6);
  const tasks = listening.told.map(({ job, task, callback }) => ({ job, n: task, token: callback.token }));
  const placed = await placedJobs(listening);
  return { group: taskGroup, pool, function: target, upload: await uploaded(), jobs: asked, tasks, ...placed };
}

/** One that waits; one that is on a pool; and some whose work goes on outside, whose tokens the fuzzer has. */
async function placedJobs(listening: Ear): Promise<Pick<KnownThings, 'waiting' | 'held' | 'leases' | 'step'>> {
  const request = { body: { tell: listening.url, pending: true }, needs: { labels: { fuzz: 'yes' } } };
  const waiting = await submit({ ...request, delaySeconds: 86_400 });
  const held = await submit(request);
  const ids = await Promise.all(Array.from({ length: 8 }, () => submit(request)));
  const leaseOf = (id: string) => (listening.told as unknown as Told[]).find(({ job, lease }) => job === id && lease)?.lease;
  await eventually('every placed job is handed on', async () => [held, ...ids].every((id) => leaseOf(id) !== undefined));
  const leases = ids.flatMap((job) => {
    const lease = leaseOf(job);
    return lease === undefined ? [] : [{ job, ...lease }];
  });
  // Nobody else keeps them; those that the fuzzer has ended are refused, and are none of ours.
  heartbeats = setInterval(() => void Promise.allSettled(leases.map((lease) => say(lease, 'heartbeat'))), 2_000);
  await Promise.all(leases.map((lease) => say(lease, 'steps/mesh', { result: { cells: 12 } })));
  return { waiting, held, step: 'mesh', leases: leases.map(({ job, token }) => ({ job, token })) };
}

async function uploaded(): Promise<string> {
  const { json } = await api('POST', '/uploads');
  const { status, text } = await exchange(json.url, json.method, json.headers, '{"body":1}\n');
  if (status !== 200) throw new Error(`the upload was answered ${status}: ${text}`);
  return json.upload;
}

/** Statuses of an operation's answers, each once. */
const statusesOf = (answers: FuzzRun['answers'], { method, path }: JobRoute) =>
  new Set(answers.filter((answer) => answer.method === method && answer.path === path).map(({ status }) => status));

test('answers what its OpenAPI document says, whatever it is asked', async () => {
  const { text } = await api('GET', '/openapi.json');
  const { code, output, answers } = await fuzz(text, await knownThings(), mkdtempSync(join(stage.folder, 'fuzz-')));
  expect(code, output).toBe(0);
  // A fuzzer that only ever meets a 404 says nothing.
  for (const [name, route] of Object.entries(jobRoutes))
    expect(
      [...statusesOf(answers, route)].some((status) => status < 300),
      `${name} had a good answer among ${answers.filter(({ method, path }) => method === route.method && path === route.path).map(({ status }) => status)}`,
    ).toBe(true);
  expect([...statusesOf(answers, jobRoutes.submitJob)]).toEqual(expect.arrayContaining([202, 400, 422]));
  expect([...statusesOf(answers, jobRoutes.recordTaskResult)]).toEqual(expect.arrayContaining([200, 401, 422]));
}, 300_000);
