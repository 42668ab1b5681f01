/** A body → a job that may be made: its form, its rules, and what it names is there. Nothing is written. */
import type { JobApiServices } from '../aws/jobs/job-api-services.ts';
import { findSource } from '../aws/jobs/task-source.ts';
import { uploadKey } from '../contract/data-bucket.ts';
import type { JobRequest, TaskFile } from '../contract/job.ts';
import { taskGroupOfTarget } from '../contract/job-messages.ts';
import type { TaskSource } from '../contract/job-table.ts';
import { defaultsGroup } from '../contract/names.ts';
import { fieldErrors } from '../contract/problems.ts';
import { effectiveItem } from '../domain/effective-item.ts';
import { followable } from '../domain/job/followable.ts';
import type { PlacingRules } from '../domain/job/new-job.ts';
import { ReadJobRequest, requestProblems, targetOf } from '../domain/job/request-rules.ts';
import { fieldProblem, HttpProblem } from '../framework/http/problem.ts';
import { checkedPlacement } from './checked-placement.ts';

export interface CheckedRequest {
  request: JobRequest;
  target: string;
  nowMs: number;
  warnings: string[];
  source: TaskSource | undefined;
  /** Of a job that states needs. */
  placing: PlacingRules | undefined;
}

export async function checkedRequest(services: JobApiServices, body: unknown, job: string): Promise<CheckedRequest> {
  const parsed = ReadJobRequest.safeParse(body);
  if (!parsed.success) throw fieldProblem('invalid', fieldErrors(parsed.error));
  const request = parsed.data;
  const nowMs = services.clock.nowMs();
  const target = targetOf(request, services.stage);
  if ('problem' in target) throw fieldProblem('invalid', [target.problem]);
  const problems = requestProblems(request, {
    job,
    target: target.target,
    nowMs,
    settings: services.stage.settings,
    dataBucket: services.stage.dataBucket,
  });
  if (problems.length > 0) throw fieldProblem('invalid', problems);

  const [warnings, placed, source] = await Promise.all([
    groupWarnings(services, taskGroupOfTarget(target.target), nowMs),
    request.body === undefined ? undefined : checkedPlacement(services, request),
    request.file === undefined ? undefined : sourceOf(services, request.file),
  ]);
  return { request, target: target.target, nowMs, warnings: [...warnings, ...(placed?.warnings ?? [])], source, placing: placed?.placing };
}

async function groupWarnings(
  { config, pipelines, stage }: JobApiServices,
  taskGroup: string | undefined,
  nowMs: number,
): Promise<string[]> {
  if (taskGroup === undefined) return [];
  const isDefaults = taskGroup === defaultsGroup;
  const [item, defaults, row] = await Promise.all([
    isDefaults ? undefined : config.get(taskGroup),
    config.get(defaultsGroup),
    isDefaults ? undefined : pipelines.get(taskGroup),
  ]);
  const expiresAt = item?.['expiresAt'];
  const seen = followable({
    verdict: item && effectiveItem(item, defaults, stage),
    expiresAt: typeof expiresAt === 'number' ? expiresAt : undefined,
    row,
    nowMs,
  });
  if (seen.kind === 'yes') return seen.warnings;
  const field = { field: 'taskGroup', message: seen.message };
  throw new HttpProblem(seen.kind === 'missing' ? 'not-found' : 'conflict', `taskGroup: ${seen.message}`, [field]);
}

async function sourceOf({ clients, stage }: JobApiServices, file: TaskFile): Promise<TaskSource> {
  const named = 'upload' in file ? { bucket: stage.dataBucket, key: uploadKey(file.upload) } : file;
  const field = 'upload' in file ? 'file.upload' : 'file.key';
  const found = await findSource(clients.s3, named);
  if (found.kind === 'missing') throw fieldProblem('invalid', [{ field, message: missingText(file, found.status) }]);
  if (found.source.bytes === 0) throw fieldProblem('invalid', [{ field, message: 'is an empty file' }]);
  return found.source;
}

function missingText(file: TaskFile, status: number): string {
  if ('upload' in file) return 'nothing was uploaded under this id, or it is kept no longer: POST /uploads gives a new place';
  return status === 404
    ? 'there is no such object'
    : `S3 does not let the stage read it (${status}): it must be there, and its bucket's policy must allow it`;
}
