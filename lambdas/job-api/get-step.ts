/** GET /jobs/{id}/steps/{name}: whoever resumes a placed job asks what a step came to, and whether it was done at all. */
import { recordedStep } from '../aws/placement/recorded-step.ts';
import { NoQuery } from '../contract/job-api.ts';
import type { RecordedStep } from '../contract/lease-api.ts';
import { isoTime } from '../framework/clock.ts';
import { type Answer, json } from '../framework/http/answer.ts';
import { HttpProblem } from '../framework/http/problem.ts';
import { queryOf } from '../framework/http/query.ts';
import { stepName } from './heartbeat.ts';
import { isHeld, leaseCall, leaseLost } from './lease-token.ts';
import type { Call } from './route.ts';

export async function getStep(call: Call): Promise<Answer> {
  queryOf(call.request, NoQuery);
  const held = await leaseCall(call);
  const name = stepName(call);
  if (!isHeld(held)) throw leaseLost(held);
  const step = await recordedStep(call.services, held.row.job, name);
  if (step === undefined) throw new HttpProblem('not-found', `Step ${name} is not on record: it is to be done`);
  const result = step.json === undefined ? {} : { result: JSON.parse(step.json) };
  return json(200, { name, recordedAt: isoTime(step.recordedAtMs), ...result } satisfies RecordedStep);
}
