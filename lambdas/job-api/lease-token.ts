/** Who may speak for a placed job: whoever has the token of its lease. API Gateway lets everybody through to these routes. */
import { JobId } from '../contract/job-api.ts';
import { fenceOf } from '../domain/placement/lease-token.ts';
import { isPlaced, type PlacedJob } from '../domain/placement/placed-job.ts';
import { HttpProblem } from '../framework/http/problem.ts';
import { bearerToken } from './bearer-token.ts';
import type { Call } from './route.ts';

export interface LeaseCall {
  /** As it is now: the lease may be over. */
  row: PlacedJob;
  /** Of the lease that the token is of. */
  fence: number;
}

/** Whether there is such a job is not told to whom it does not concern. */
export async function leaseCall(call: Call): Promise<LeaseCall> {
  const token = bearerToken(call);
  const id = JobId.safeParse(call.parameters.get('id'));
  const row = id.success ? await call.services.jobs.get(id.data) : undefined;
  const fence = isPlaced(row) ? fenceOf(row.tokenKey, row.job, token) : undefined;
  if (!isPlaced(row) || fence === undefined)
    throw new HttpProblem('token-unknown', 'The token is of no lease of this job; send back the one that came with it', [], {
      'www-authenticate': 'Bearer',
    });
  return { row, fence };
}

export const isHeld = ({ row: { status, placed }, fence }: LeaseCall) =>
  status === 'RUNNING' && placed.step === 'leased' && placed.fence === fence;

export function leaseLost({ row: { status, placed }, fence }: LeaseCall): HttpProblem {
  const newer = placed.fence > fence ? `; the job is at lease ${placed.fence} since, and this token is of lease ${fence}` : '';
  const where = status === 'RUNNING' ? '' : `; the job is ${status}`;
  return new HttpProblem('lease-lost', `The lease is over, and what is done for the job now does not count: stop${newer}${where}`);
}
