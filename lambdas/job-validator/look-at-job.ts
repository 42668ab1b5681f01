/**
 * One job's look: its inputs by S3's word, then the stage's own validator. Good, it waits for a pool; bad, it has failed, and
 * no place was taken. S3 that does not answer leaves it as it is; a validator that does not is asked a few times.
 */
import { bucketRegion } from '../aws/jobs/bucket-region.ts';
import type { JobServices } from '../aws/jobs/job-services.ts';
import { isFileLost, taskFile } from '../aws/jobs/task-file.ts';
import { findSource } from '../aws/jobs/task-source.ts';
import type { ValidatorFunction } from '../aws/jobs/validator-function.ts';
import { followStep } from '../aws/placement/follow-step.ts';
import { taskFileKey } from '../contract/data-bucket.ts';
import type { TaskError } from '../contract/job.ts';
import type { StoredTask } from '../contract/job-table.ts';
import type { JobInput } from '../contract/placement.ts';
import type { SizedInput } from '../contract/placement-table.ts';
import { type CheckedInputs, checkInputs, type InputHead } from '../domain/job/input-check.ts';
import { isPlaced, type PlacedJob } from '../domain/placement/placed-job.ts';
import { inWaves } from '../framework/in-waves.ts';
import { errorFields } from '../framework/log.ts';
import { again, done, type Outcome } from '../framework/sqs-batch.ts';

export interface ValidatorServices extends JobServices {
  /** Absent where the stage names none. */
  askValidator: ValidatorFunction | undefined;
}

const headsAtOnce = 20;

/** Then whoever submitted is told that the validator does not work. */
const mostTries = 4;
const afterTrySeconds = (tries: number) => 5 * 2 ** tries;

/** `tries` of the message, this one included. */
export async function lookAtJob(services: ValidatorServices, job: string, tries: number): Promise<Outcome> {
  const row = await services.placement.job(job);
  if (!isPlaced(row) || row.placed.step !== 'validating') return done;
  if (!services.stage.settings.validateJobs) return good(services, row);
  const checked = await lookAtInputs(services, row.placed.inputs);
  if (checked.kind === 'bad') return bad(services, row, checked.error, checked.findings);
  return askedWith(services, row, checked.inputs, tries);
}

async function lookAtInputs({ clients: { s3 }, stage }: ValidatorServices, inputs: readonly JobInput[]): Promise<CheckedInputs> {
  const heads = await inWaves(inputs, headsAtOnce, async (input): Promise<InputHead> => {
    const found = await findSource(s3, input);
    return found.kind === 'there' ? { bytes: found.source.bytes } : { status: found.status };
  });
  const regions = new Map([[stage.dataBucket, stage.region]]);
  const unknown = new Set(inputs.flatMap(({ bucket, region }) => (region === undefined && !regions.has(bucket) ? [bucket] : [])));
  for (const bucket of unknown) {
    const region = await bucketRegion(s3, bucket);
    if (region !== undefined) regions.set(bucket, region);
  }
  return checkInputs(inputs, heads, { maxInputBytes: stage.settings.maxInputBytes, regions });
}

async function askedWith(services: ValidatorServices, row: PlacedJob, inputs: SizedInput[], tries: number): Promise<Outcome> {
  const { askValidator, log } = services;
  if (askValidator === undefined) return good(services, row, inputs);
  const { job, customer, placed } = row;
  const task = await taskOf(services, job);
  if (task === undefined) return bad(services, row, { class: 'PERMANENT', message: 'its task file is gone: submit it anew' });
  const { needs } = placed;
  try {
    const { ok, findings } = await askValidator({
      v: 1,
      job,
      ...(customer === undefined ? {} : { customer }),
      body: task.body,
      needs,
      inputs,
    });
    if (ok) return good(services, row, inputs, findings);
    return bad(
      services,
      row,
      { class: 'DATA', message: `the validator refuses it: ${findings.join('; ') || 'it does not say why'}` },
      findings,
    );
  } catch (error) {
    log.warn('validator failed', { job, tries, ...errorFields(error) });
    if (tries < mostTries) return again(afterTrySeconds(tries));
    const said = error instanceof Error ? error.message : String(error);
    return bad(services, row, { class: 'CONFIGURATION', message: `the stage's validator failed ${tries} times, the last time: ${said}` });
  }
}

/** Undefined where the file is lost. */
async function taskOf({ clients, stage, clock }: ValidatorServices, job: string): Promise<StoredTask | undefined> {
  try {
    for await (const [first] of taskFile(clients.s3, stage.dataBucket, clock).blocks(taskFileKey(job), { byte: 0, batchSize: 1 }))
      if (first !== undefined) return first.task;
    return undefined;
  } catch (error) {
    if (isFileLost(error)) return undefined;
    throw error;
  }
}

async function good(services: ValidatorServices, { job }: PlacedJob, inputs?: SizedInput[], findings: string[] = []): Promise<Outcome> {
  const stepped = await services.placement.toPlacing(job, { ...(inputs === undefined ? {} : { inputs }), findings });
  if (stepped.kind === 'done') await followStep(services, stepped);
  return done;
}

async function bad(services: ValidatorServices, { job }: PlacedJob, error: TaskError, findings: string[] = []): Promise<Outcome> {
  const stepped = await services.placement.failUnstarted(job, { error, findings, from: ['validating'] });
  if (stepped.kind === 'done') await followStep(services, stepped);
  return done;
}
