/** The commands of jobs as their users run them: a process of its own, with a local stage whose API is ours here. */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { Job, JobAccepted, JobRequest, Problem } from '../../lambdas/contract/job.ts';
import { JobPage, ResultsPlace, TaskPage } from '../../lambdas/contract/job-api.ts';
import { StageConfig } from '../../lambdas/contract/job-api-stage.ts';
import { Explanation, Limits } from '../../lambdas/contract/lease-api.ts';
import { inProject } from '../../local/paths.ts';
import { type ApiDouble, apiDouble, inTurn, type Route, reply } from '../client/api-double.ts';
import { credentials } from '../client/credentials.ts';
import { job } from '../client/job.ts';

const done = reply(200, Job, job({ status: 'COMPLETED', message: 'all 2 tasks done', completed: 2, processed: 2 }));
const failed = reply(200, Job, job({ status: 'FAILED', message: '1 of 2 tasks failed, none may', completed: 1, failed: 1, processed: 2 }));
const running = reply(200, Job, job(), { 'preference-applied': 'wait' });
const submitJob: Route = ({ body }) => {
  JobRequest.parse(body);
  return reply(202, JobAccepted, { id: 'j1', status: 'PENDING', message: 'accepted' });
};

/** Whoever submits more than one task asks how many a request may carry. */
const getConfig: Route = () => reply(200, StageConfig, { settings: [{ name: 'maxTasksPerRequest', value: 1_000, source: 'default' }] });

/** A folder in which a local stage is up, and the tool in it. */
function stageFolder({ url }: ApiDouble) {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-jobs-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, '.sluice'));
  const { accessKeyId: accessKey, secretAccessKey: secretKey } = credentials;
  const place = { endpoint: url, s3Endpoint: url, region: 'eu-central-1', account: '000000000000', accessKey, secretKey, partnerUrl: url };
  writeFileSync(join(folder, '.sluice', 'local.json'), JSON.stringify({ pid: process.pid, ...place, outputs: { ApiUrl: url } }));
  writeFileSync(join(folder, 'tasks.ndjson'), '{"id":"a","body":1}\n{"id":"b","body":2}\n');
  return { folder, run: (args: string[], input?: string) => sluice(folder, args, input) };
}

function sluice(cwd: string, args: string[], input?: string): Promise<{ code: number | null; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [inProject('cli', 'sluice.mjs'), ...args, '--local'], { cwd }, (_error, stdout, stderr) =>
      resolve({ code: child.exitCode, stdout, stderr }),
    );
    child.stdin?.end(input ?? '');
  });
}

it('submits a file and follows it to a good end', async () => {
  const api = await apiDouble({ submitJob, getConfig, getJob: inTurn(running, done) });
  const { run } = stageFolder(api);
  const { code, stdout, stderr } = await run([
    'submit',
    'tasks.ndjson',
    '--group',
    'A',
    '--priority',
    'high',
    '--max-failures',
    '3',
    '--delay',
    '5',
    '--key',
    'k',
  ]);
  expect({ code, stdout }).toEqual({ code: 0, stdout: 'COMPLETED: all 2 tasks done.\n' });
  expect(stderr).toContain('Job j1: accepted.');
  expect(api.of('submitJob')[0]).toMatchObject({
    body: {
      taskGroup: 'A',
      priority: 'high',
      maxFailures: 3,
      delaySeconds: 5,
      tasks: [
        { id: 'a', body: 1 },
        { id: 'b', body: 2 },
      ],
    },
    headers: { 'idempotency-key': 'k' },
  });
});

it('ends with 1 and the reasons where it failed', async () => {
  const task = { n: 2, id: 'b', status: 'failed' as const, attempts: 1, error: { class: 'DATA' as const, message: 'no such order' } };
  const api = await apiDouble({ submitJob, getConfig, getJob: () => failed, listTasks: () => reply(200, TaskPage, { tasks: [task] }) });
  const { code, stdout } = await stageFolder(api).run(['submit', 'tasks.ndjson', '--group', 'A']);
  expect(code).toBe(1);
  expect(stdout).toMatch(
    /^FAILED: 1 of 2 tasks failed, none may\.\n\ntask .*\n2 +b +DATA +1 +- +no such order\n\nAll of them: sluice results j1 --failed; once more: sluice retry j1\n$/,
  );
});

it('takes stdin, and does not wait where it is told so', async () => {
  const api = await apiDouble({ submitJob });
  const { code, stdout } = await stageFolder(api).run(['submit', '-', '--function', 'f', '--no-wait'], '{"body":7}\n');
  expect({ code, stdout }).toEqual({ code: 0, stdout: 'j1\n' });
  expect(api.of('submitJob')[0]?.body).toEqual({ function: 'f', tasks: [{ body: 7 }] });
});

it('says which field is wrong', async () => {
  const errors = [{ field: 'taskGroup', message: 'there is no such task group' }];
  const problem = { type: 't', title: 'The request breaks a rule', status: 422, detail: 'taskGroup: there is no such task group', errors };
  const api = await apiDouble({ getConfig, submitJob: () => reply(422, Problem, problem) });
  const { code, stderr } = await stageFolder(api).run(['submit', 'tasks.ndjson', '--group', 'missing']);
  expect(code).toBe(1);
  expect(stderr).toContain('✖ taskGroup: there is no such task group\n');
});

it('lists, shows, cancels and tries again', async () => {
  const api = await apiDouble({
    listJobs: () => reply(200, JobPage, { jobs: [job({ id: 'j2' }), job()] }),
    getJob: () => running,
    cancelJob: () => reply(200, Job, job({ status: 'CANCELLED', message: 'cancelled with 1 of 2 tasks done' })),
    retryJob: () => reply(200, Job, job({ status: 'PENDING', message: 'waits for a slot to try its failed tasks again' })),
  });
  const { run } = stageFolder(api);
  const [list, show, cancel, retry] = await Promise.all([
    run(['jobs', '--status', 'RUNNING', '--group', 'A', '--limit', '1', '--json']),
    run(['job', 'j1']),
    run(['cancel', 'j1']),
    run(['retry', 'j1', '--json']),
  ]);
  expect(
    list.stdout
      .trim()
      .split('\n')
      .map((line) => Job.parse(JSON.parse(line)).id),
  ).toEqual(['j2']);
  expect(list.stderr).toContain('There are more');
  expect(Object.fromEntries(api.of('listJobs')[0]?.query ?? [])).toEqual({ status: 'RUNNING', taskGroup: 'A', limit: '100' });
  expect(show.stdout).toMatch(/^processed +1: 1 done, 0 failed$/m);
  expect(cancel).toMatchObject({ code: 0, stdout: 'CANCELLED: cancelled with 1 of 2 tasks done.\n' });
  expect(Job.parse(JSON.parse(retry.stdout)).status).toBe('PENDING');
});

it('changes what waits, and releases what is held', async () => {
  const api = await apiDouble({
    changeJob: () => reply(200, Job, job({ status: 'PENDING', message: 'waits for a pool' })),
    releaseJob: () => reply(200, Job, job({ status: 'PENDING', message: 'waits for a pool' })),
  });
  const { run } = stageFolder(api);
  const [priority, required, none, released, nothing, both, wrong] = await Promise.all([
    run(['change', 'j1', '--priority', 'high', '--max-retries', '0']),
    run(['change', 'j2', '--require-pool', 'west', '--json']),
    run(['change', 'j3', '--any-pool']),
    run(['release-job', 'j4']),
    run(['change', 'j5']),
    run(['change', 'j5', '--pool', 'west', '--any-pool']),
    run(['change', 'j5', '--priority', 'urgent']),
  ]);
  expect(priority).toMatchObject({ code: 0, stdout: 'PENDING: waits for a pool. `sluice job j1 --wait` follows it.\n' });
  expect(Job.parse(JSON.parse(required.stdout)).status).toBe('PENDING');
  expect([none.code, released.code]).toEqual([0, 0]);
  const sent = Object.fromEntries(api.of('changeJob').map(({ path, body }) => [path['id'], body]));
  expect(sent).toEqual({
    j1: { priority: 'high', maxRetries: 0 },
    j2: { affinity: { pool: 'west', required: true } },
    j3: { affinity: null },
  });
  expect(api.of('releaseJob')).toHaveLength(1);
  expect([nothing, both, wrong].map(({ code }) => code)).toEqual([2, 2, 2]);
  expect(nothing.stderr).toContain('Nothing to change');
  expect(both.stderr).toContain('exclude each other');
});

it('writes results, all to stdout and the failed ones into a file', async () => {
  const api: ApiDouble = await apiDouble({
    getResults: ({ query }) =>
      reply(200, ResultsPlace, { url: api.bucket.placeOf(query.get('only') ?? ''), expiresAt: '2026-11-27T00:00:00Z' }),
  });
  api.bucket.objects.set('all', Buffer.from('{"n":1,"status":"done","result":12345678901234567890}\n{"n":2,"status":"cancelled"}\n'));
  api.bucket.objects.set('failed', Buffer.from('{"id":"b","body":2}\n'));
  const { run, folder } = stageFolder(api);
  const [all, some, bad] = await Promise.all([
    run(['results', 'j1']),
    run(['results', 'j1', '--failed', '-o', 'f.ndjson']),
    run(['results', 'j1', '-o', 'no/such/f']),
  ]);
  expect(all).toMatchObject({ code: 0, stdout: '{"n":1,"status":"done","result":12345678901234567890}\n{"n":2,"status":"cancelled"}\n' });
  expect(some).toMatchObject({ code: 0, stdout: '' });
  expect(readFileSync(join(folder, 'f.ndjson'), 'utf8')).toBe('{"id":"b","body":2}\n');
  expect(bad).toMatchObject({ code: 1, stderr: expect.stringContaining('no/such/f cannot be written') });
});

it('ends the watching with Ctrl-C, not the job', async () => {
  let interrupt = () => {};
  const api = await apiDouble({
    submitJob,
    getConfig,
    getJob: () => {
      interrupt();
      return running;
    },
  });
  const { folder } = stageFolder(api);
  const ended = await new Promise<{ code: number | null; stderr: string }>((resolve) => {
    const args = [inProject('cli', 'sluice.mjs'), 'submit', 'tasks.ndjson', '--group', 'A', '--local'];
    const child = execFile(process.execPath, args, { cwd: folder }, (_error, _stdout, stderr) => resolve({ code: child.exitCode, stderr }));
    interrupt = () => void child.kill('SIGINT');
  });
  expect(ended).toMatchObject({ code: 130, stderr: expect.stringContaining('Interrupted; the job goes on') });
});

it.each([
  ['two targets', ['submit', 'f', '--group', 'A', '--function', 'f'], 'leave one of them out'],
  ['a priority that is none', ['submit', 'f', '--group', 'A', '--priority', 'urgent'], 'critical, high, normal, low'],
])('refuses %s as wrong usage', async (_what, args, message) => {
  const { code, stderr } = await stageFolder(await apiDouble({})).run(args);
  expect(code).toBe(2);
  expect(stderr).toContain(message);
});

it('hands in a job that states needs, or only asks where it would start', async () => {
  const explanation = { job: { status: 'PENDING' as const }, text: 'it would start on west now', pools: [], limits: [], ahead: [] };
  const api = await apiDouble({
    submitJob: (request) => (request.query.get('dryRun') === 'true' ? reply(200, Explanation, explanation) : submitJob(request)),
  });
  const { run } = stageFolder(api);
  const [asked, handedIn, neither] = await Promise.all([
    run(['submit', '--body', '{"case":17}', '--needs', 'gpu=1', '--dry-run']),
    run(['submit', '--body', '{"case":17}', '--customer', 'acme', '--no-wait']),
    run(['submit']),
  ]);
  expect(asked).toMatchObject({ code: 0, stdout: 'it would start on west now\n' });
  expect(handedIn).toMatchObject({ code: 0, stdout: 'j1\n' });
  expect(neither.code).toBe(2);
  expect(api.of('submitJob').map(({ body }) => body)).toEqual(
    expect.arrayContaining([
      { body: { case: 17 }, needs: { quantities: { gpu: 1 } } },
      { body: { case: 17 }, customer: 'acme' },
    ]),
  );
});

it('shows limits, and changes what is named of them alone', async () => {
  const limits = { overall: { maxJobs: 10, ageingSeconds: 60 }, customers: { acme: { maxJobs: 5, weight: 2 } } };
  const api = await apiDouble({ getLimits: () => reply(200, Limits, limits), putLimits: () => reply(200, Limits, limits) });
  const { run } = stageFolder(api);
  const [shown, ...others] = await Promise.all([
    run(['limits', '--json']),
    run(['limits', '--max-jobs', '40']),
    run(['limits', '--customer', 'acme', '--max-jobs', 'none']),
    run(['limits', '--customer', 'acme', '--remove']),
    run(['limits', '--weight', '2']),
  ]);
  expect(JSON.parse(shown?.stdout ?? '')).toEqual(limits);
  expect(others.map(({ code }) => code)).toEqual([0, 0, 0, 2]);
  expect(api.of('putLimits').map(({ body }) => body)).toEqual(
    expect.arrayContaining([
      { overall: { maxJobs: 40, ageingSeconds: 60 } },
      { customers: { acme: { maxJobs: null, weight: 2 } } },
      { customers: { acme: null } },
    ]),
  );
});
