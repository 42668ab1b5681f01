/** POST /jobs/{id}/heartbeat and /jobs/{id}/steps/{name}: whoever works for a placed job is alive, and how far it is. */
import { recordStep as recorded } from '../aws/placement/record-step.ts';
import { NoQuery, StepName } from '../contract/job-api.ts';
import { Heartbeat, type LeaseAnswer, StepDone } from '../contract/lease-api.ts';
import type { LeaseRow } from '../contract/placement-table.ts';
import { textProblems } from '../domain/job/request-rules.ts';
import { isoTime } from '../framework/clock.ts';
import { type Answer, json } from '../framework/http/answer.ts';
import { fieldProblem, HttpProblem } from '../framework/http/problem.ts';
import { queryOf } from '../framework/http/query.ts';
import { resultBodyLimit, smallBodyLimit } from './body-limit.ts';
import { isHeld, type LeaseCall, leaseCall, leaseLost } from './lease-token.ts';
import { parsedBody } from './parsed-body.ts';
import type { Call } from './route.ts';

export async function heartbeat(call: Call): Promise<Answer> {
  queryOf(call.request, NoQuery);
  const held = await leaseCall(call);
  const said = parsedBody(call, Heartbeat, { limit: smallBodyLimit, mayBeEmpty: true });
  return json(200, await alive(call, held, said));
}

export async function recordStep(call: Call): Promise<Answer> {
  queryOf(call.request, NoQuery);
  const held = await leaseCall(call);
  const name = stepName(call);
  const { result } = parsedBody(call, StepDone, { limit: resultBodyLimit, mayBeEmpty: true, json: ['result'] });
  const { row, fence } = held;
  const step = { job: row.job, fence, name, json: result === undefined ? undefined : JSON.stringify(result) };
  if (!isHeld(held) || !(await recorded(call.services, step))) throw leaseLost(await asItIs(call, held));
  return json(200, await alive(call, held, { step: name }));
}

async function alive(call: Call, held: LeaseCall, said: Heartbeat): Promise<LeaseAnswer> {
  const { row, fence } = held;
  const lease = isHeld(held) ? await call.services.placement.heartbeat(row.job, fence, said) : undefined;
  if (lease === undefined) throw await refusal(call, held, said);
  const expiresAt = isoTime(lease.expiresAtMs);
  return { job: { id: row.job, status: row.status }, expiresAt, message: `the lease lasts until ${expiresAt}` };
}

/** The lease is over, or somebody else works under it: a message that was delivered twice. */
async function refusal(call: Call, held: LeaseCall, { holder }: Heartbeat): Promise<HttpProblem> {
  const now = await asItIs(call, held);
  const lease: LeaseRow | undefined = isHeld(now) ? await call.services.placement.lease(now.row.job) : undefined;
  if (lease?.fence !== now.fence || lease.holder === undefined || lease.holder === holder) return leaseLost(now);
  return new HttpProblem(
    'lease-lost',
    `${lease.holder} works for the job under this lease already, until ${isoTime(lease.expiresAtMs)}: stop`,
  );
}

/** As it is since the token was looked at. */
export async function asItIs({ services }: Call, { row, fence }: LeaseCall): Promise<LeaseCall> {
  const now = await services.placement.job(row.job);
  return { row: now?.placed === undefined ? row : { ...now, placed: now.placed }, fence };
}

export function stepName({ parameters }: Call): string {
  const name = StepName.safeParse(parameters.get('name'));
  if (!name.success) throw fieldProblem('malformed', [{ field: 'name', message: 'must be 1-200 characters' }]);
  const problems = textProblems(name.data, 'name');
  if (problems.length > 0) throw fieldProblem('malformed', problems);
  return name.data;
}
