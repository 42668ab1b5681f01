/** Makes the job of a request that was found good, or finds the one that the same request has made before. */
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { putObject } from '../aws/jobs/put-object.ts';
import { rememberedRequest } from '../aws/jobs/remembered-request.ts';
import { followStep } from '../aws/placement/follow-step.ts';
import { taskFileKey } from '../contract/data-bucket.ts';
import type { JobRow } from '../contract/job-table.ts';
import { contentHash } from '../contract/names.ts';
import { storedLine } from '../domain/job/line.ts';
import { newJobRow } from '../domain/job/new-job.ts';
import { storedTask } from '../domain/job/task-input.ts';
import { isPlaced } from '../domain/placement/placed-job.ts';
import { HttpProblem } from '../framework/http/problem.ts';
import { errorFields } from '../framework/log.ts';
import type { CheckedRequest } from './checked-request.ts';
import type { Call } from './route.ts';

/** The job that this key stands for; undefined where there is none. */
export async function repeatedJob({ services }: Call, key: string | undefined, body: unknown): Promise<string | undefined> {
  if (key === undefined) return undefined;
  const { clients, jobEnvironment, clock } = services;
  const seen = await rememberedRequest(clients.documents, jobEnvironment.SLUICE_JOBS_TABLE, key, clock.nowMs());
  if (seen === undefined) return undefined;
  if (seen.requestHash !== requestHash(body)) throw reused;
  return seen.job;
}

const reused = new HttpProblem(
  'key-reused',
  'This Idempotency-Key came with another request before; a new request needs a key of its own',
  [{ field: 'Idempotency-Key', message: 'belongs to another request' }],
);

/** Its id. */
export async function storedJob(
  call: Call,
  key: string | undefined,
  body: unknown,
  check: (job: string) => Promise<CheckedRequest>,
): Promise<string> {
  const { services, request } = call;
  const job = services.newId();
  const checked = await check(job);
  const row = newJobRow(checked.request, {
    job,
    target: checked.target,
    nowMs: checked.nowMs,
    tokenKey: randomBytes(32).toString('base64url'),
    settings: services.stage.settings,
    createdBy: request.caller,
    warnings: checked.warnings,
    placing: checked.placing,
    tasks: checked.source === undefined ? await storedTasks(call, job, checked) : { source: checked.source },
  });
  const created = await services.jobs.create(row, key === undefined ? undefined : remembered(call, key, body));
  if (created.kind === 'repeated') {
    if (!created.sameRequest) throw reused;
    return created.job;
  }
  await hinted(call, row, created.event);
  return job;
}

async function storedTasks(
  { services }: Call,
  job: string,
  { request, nowMs }: CheckedRequest,
): Promise<{ total: number; fileBytes: number }> {
  const tasks = request.body === undefined ? (request.tasks ?? []) : [{ body: request.body }];
  const body = Buffer.from(tasks.map((task, i) => storedLine(storedTask(task, i + 1, nowMs))).join(''));
  const { clients, stage } = services;
  await putObject(clients.s3, { bucket: stage.dataBucket, key: taskFileKey(job), body, type: 'application/x-ndjson' });
  return { total: tasks.length, fileBytes: body.length };
}

/** Who tries again uploads again: the same tasks have another place then. */
function requestHash(body: unknown): string {
  const parsed = z.looseObject({ file: z.strictObject({ upload: z.string() }) }).safeParse(body);
  return contentHash(parsed.success ? { ...parsed.data, file: 'upload' } : body);
}

/** For as long as a job may be kept. */
function remembered({ services }: Call, key: string, body: unknown) {
  const { stage, clock } = services;
  return { key, requestHash: requestHash(body), expiresAt: Math.ceil(clock.nowMs() / 1_000) + stage.settings.jobRetentionDays * 86_400 };
}

/** The job is stored: one that nobody was hinted of is found by the sweep. */
async function hinted({ services }: Call, row: JobRow, event: string | undefined): Promise<void> {
  const { hints, log, clock } = services;
  const { job, source } = row;
  const sent = isPlaced(row)
    ? followStep(services, { row, event })
    : source !== undefined
      ? hints.intake(job)
      : hints.startOf(row, clock.nowMs());
  await sent.catch((error: unknown) => log.warn('not hinted; the sweep finds it', { job, ...errorFields(error) }));
}
