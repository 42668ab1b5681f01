/** Why a job that names who does its tasks waits for a slot. Pure. */

import { functionOfTarget, taskGroupOfTarget } from '../../contract/job-messages.ts';
import type { JobRow, SlotsRow, WaitingRow } from '../../contract/job-table.ts';
import type { Explanation, LimitFigure } from '../../contract/lease-api.ts';
import { plainExplanation, shownAhead } from './explanation.ts';
import type { ParallelLimits } from './schedule.ts';

/** `waiting`: all that wait for a slot, in their order. */
export function slotExplanation(
  { job, status, target, customer }: Pick<JobRow, 'job' | 'status' | 'target' | 'customer'>,
  waiting: readonly WaitingRow[],
  running: SlotsRow['running'],
  limits: ParallelLimits,
): Explanation {
  const slots = Object.values(running);
  const taskGroup = taskGroupOfTarget(target);
  const name = taskGroup ?? functionOfTarget(target) ?? target;
  const ofCustomer = customer === undefined ? undefined : limits.ofCustomer(customer);
  const figures = [
    counted({ limit: 'overall' }, slots.length, limits.maxParallelJobs, 'jobs that run'),
    counted(
      { limit: 'target', of: name },
      slots.filter((slot) => slot.target === target).length,
      limits.maxParallelJobsPerGroup,
      `jobs on ${taskGroup === undefined ? 'function' : 'task group'} ${name}`,
    ),
    ...(ofCustomer === undefined || customer === undefined
      ? []
      : [
          counted(
            { limit: 'customer', of: customer },
            slots.filter((slot) => slot.customer === customer).length,
            ofCustomer,
            `customer ${customer}`,
          ),
        ]),
  ];
  const before = waiting.slice(
    0,
    Math.max(
      0,
      waiting.findIndex((row) => row.job === job),
    ),
  );
  const holding = figures.filter(({ holds }) => holds).map(({ text }) => text);
  return {
    ...plainExplanation(
      job,
      status,
      holding.length > 0
        ? `it waits: ${holding.join(', ')}`
        : before.length > 0
          ? `it waits for its turn: place ${before.length + 1} of ${waiting.length}`
          : 'it starts now',
    ),
    limits: figures,
    place: {
      ofCustomer: before.filter((row) => row.customer === customer).length + 1,
      overall: before.length + 1,
      waiting: waiting.length,
    },
    ahead: before.slice(0, shownAhead).map((row) => ({
      job: row.job,
      ...(row.customer === undefined ? {} : { customer: row.customer }),
      why: `priority ${row.priority}, waits since ${new Date(row.readyAtMs).toISOString()}`,
    })),
  };
}

const counted = (whose: Pick<LimitFigure, 'limit' | 'of'>, used: number, total: number, what: string): LimitFigure => ({
  ...whose,
  used,
  total,
  holds: used >= total,
  text: `${what} ${used} of ${total}`,
});
