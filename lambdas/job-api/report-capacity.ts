/** POST /pools/{group}/capacity: what a pool can take at present. The smaller of this and its config item counts. */
import { NoQuery } from '../contract/job-api.ts';
import type { PoolCapacity } from '../contract/lease-api.ts';
import { ReportedCapacity } from '../contract/placement.ts';
import { poolOf, reportOf } from '../domain/placement/pool-of.ts';
import { isoTime } from '../framework/clock.ts';
import { type Answer, json } from '../framework/http/answer.ts';
import { HttpProblem } from '../framework/http/problem.ts';
import { queryOf } from '../framework/http/query.ts';
import { errorFields } from '../framework/log.ts';
import { smallBodyLimit } from './body-limit.ts';
import { parsedBody } from './parsed-body.ts';
import type { Call } from './route.ts';

const tries = 5;

export async function reportCapacity(call: Call): Promise<Answer> {
  const { services, request, parameters } = call;
  queryOf(request, NoQuery);
  const taskGroup = parameters.get('group') ?? '';
  const said = parsedBody(call, ReportedCapacity, { limit: smallBodyLimit });
  for (let tried = 0; tried < tries; tried += 1) {
    const seen = taskGroup === '' || taskGroup.length > 255 ? undefined : await services.placement.pool(taskGroup);
    if (seen === undefined || seen.state === 'gone')
      throw new HttpProblem('not-found', 'There is no such pool; a task group is one soon after its config item has `pool`');
    const nowMs = services.clock.nowMs();
    // Whatever its item and its pipeline are by now is the scheduler's to see: here they are as they were.
    const next =
      poolOf({ taskGroup, item: 'invalid', pipeline: undefined, reported: reportOf(said, nowMs), previous: seen, nowMs }) ?? seen;
    if (!(await services.placement.putPool(seen, next))) continue;
    await services
      .hintPlacing({ kind: 'pool', taskGroup })
      .catch((error: unknown) => services.log.warn('not hinted; the sweep finds it', { taskGroup, ...errorFields(error) }));
    const { untilMs } = next.reported ?? {};
    return json(200, {
      pool: taskGroup,
      maxJobs: next.maxJobs,
      quantities: next.capacity,
      ...(untilMs === undefined ? {} : { heldUntil: isoTime(untilMs) }),
    } satisfies PoolCapacity);
  }
  throw new HttpProblem('busy', 'The pool changed whenever it was to be changed; try again', [], { 'retry-after': '1' });
}
