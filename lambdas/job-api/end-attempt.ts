/** POST /jobs/{id}/result and /jobs/{id}/failure: whoever works for a placed job says how its attempt ended. */
import { followStep } from '../aws/placement/follow-step.ts';
import type { Stepped } from '../aws/placement/steps.ts';
import { NoQuery } from '../contract/job-api.ts';
import { type FailureAnswer, JobFailure, JobResult, type LeaseAnswer } from '../contract/lease-api.ts';
import { recordedMessageCharacters } from '../contract/task-table.ts';
import type { PlacedJob } from '../domain/placement/placed-job.ts';
import { isoTime } from '../framework/clock.ts';
import { type Answer, json } from '../framework/http/answer.ts';
import { queryOf } from '../framework/http/query.ts';
import { errorFields } from '../framework/log.ts';
import { resultBodyLimit, smallBodyLimit } from './body-limit.ts';
import { asItIs } from './heartbeat.ts';
import { isHeld, leaseCall, leaseLost } from './lease-token.ts';
import { parsedBody } from './parsed-body.ts';
import type { Call } from './route.ts';
import { kept } from './task-outcome.ts';

export async function recordResult(call: Call): Promise<Answer> {
  queryOf(call.request, NoQuery);
  const held = await leaseCall(call);
  const { result } = parsedBody(call, JobResult, { limit: resultBodyLimit, mayBeEmpty: true, json: ['result'] });
  const { row, fence } = held;
  if (isHeld(held)) {
    const outcome = result === undefined ? {} : await kept(call.services, row.job, { n: 1, life: row.life }, JSON.stringify(result));
    await follow(call, await call.services.placement.complete(row.job, fence, outcome));
  }
  const now = await asItIs(call, held);
  // Also where it was said before, and only the answer was lost.
  if (now.row.status !== 'COMPLETED' || now.row.placed.fence !== fence) throw leaseLost(now);
  return json(200, { job: { id: row.job, status: 'COMPLETED' }, message: 'recorded: the job is done' } satisfies LeaseAnswer);
}

export async function recordFailure(call: Call): Promise<Answer> {
  queryOf(call.request, NoQuery);
  const held = await leaseCall(call);
  const { class: errorClass = 'TRANSIENT', message: said, step } = parsedBody(call, JobFailure, { limit: smallBodyLimit });
  const error = { class: errorClass, message: cut(said), ...(step === undefined ? {} : { step }) };
  const { row, fence } = held;
  if (isHeld(held)) await follow(call, await call.services.placement.failAttempt(row.job, fence, error));
  const now = await asItIs(call, held);
  const last = now.row.placed.history.at(-1);
  const isSaid = last?.class === error.class && last.message === error.message && last.step === step;
  // Also where it was said before, and only the answer was lost.
  if (now.row.placed.fence !== fence || isHeld(now) || !isSaid) throw leaseLost(now);
  return json(200, failureAnswer(now.row));
}

function failureAnswer({ job, status, placed, failure }: PlacedJob): FailureAnswer {
  const retried = status === 'PENDING';
  if (!retried) return { job: { id: job, status }, message: failure ?? 'recorded: the job has failed', retried };
  const retryAt = isoTime(placed.step === 'later' ? placed.stepKeyMs : Date.parse(placed.history.at(-1)?.time ?? ''));
  return { job: { id: job, status }, message: `recorded: it is tried again, not before ${retryAt}`, retried, retryAt };
}

/** A job keeps the messages of many attempts. */
const cut = (message: string) =>
  message.length <= recordedMessageCharacters ? message : `${message.slice(0, recordedMessageCharacters - 1).toWellFormed()}…`;

async function follow({ services }: Call, stepped: Stepped): Promise<void> {
  if (stepped.kind !== 'done') return;
  await followStep(services, stepped).catch((error: unknown) =>
    services.log.warn('nobody was told; the sweep finds it', { job: stepped.row.job, ...errorFields(error) }),
  );
}
