/** Where jobs that state needs go, as it is shown: why one waits, pools and customers, limits. Pure. */
import type { CustomerStats, PlacementStats, PoolStats } from '../../lambdas/contract/job-api-stage.ts';
import type { Explanation, Limits } from '../../lambdas/contract/lease-api.ts';
import { limitDefaults } from '../../lambdas/contract/placement.ts';
import { age } from '../dead-letters/shown.ts';
import { table } from '../table.ts';

export function explanationText({ text, pools, limits, place, ahead, start }: Explanation, width?: number): string {
  const rows = pools.map(({ pool, fits, figures }) => [pool, fits ? 'yes' : 'no', figures.map((figure) => figure.text).join(', ') || '-']);
  return [
    `${text}`,
    ...(start === undefined ? [] : [startText(start)]),
    ...(place === undefined ? [] : [`Place ${place.overall} of ${place.waiting} that wait, ${place.ofCustomer} of its customer's.`]),
    ...(limits.length === 0
      ? []
      : ['', ...limits.map(({ text: figure, holds }) => `${holds ? 'holds it' : 'lets it through'}: ${figure}`)]),
    ...(rows.length === 0 ? [] : ['', table(['pool', 'fits now', 'figures'], rows, width)]),
    ...(ahead.length === 0 ? [] : ['', table(['goes first', 'customer', 'why'], ahead.map(aheadRow), width)]),
  ].join('\n');
}

const aheadRow = ({ job, customer = '-', why }: Explanation['ahead'][number]) => [job, customer, why];

function startText({ pool, earliest, latest }: NonNullable<Explanation['start']>): string {
  const where = pool === undefined ? '' : ` on pool ${pool}`;
  if (latest === undefined) return `It starts${where} at ${earliest} or later.`;
  return earliest === latest ? `It starts${where} at ${earliest}.` : `It starts${where} between ${earliest} and ${latest}.`;
}

export function poolsText(placement: PlacementStats | undefined, width?: number): string {
  if (placement === undefined) return 'The stage has no pools.';
  const { pools, customers, inProgress, maxJobs, ready, retrying, oldestWaitSeconds } = placement;
  return [
    pools.length === 0 ? 'No pools.' : poolTable(pools, width),
    ...(customers.length === 0 ? [] : ['', customerTable(customers)]),
    '',
    `Jobs: ${inProgress} of ${maxJobs} on pools, ${ready} wait, ${retrying} come back${oldestWaitSeconds === undefined ? '' : `; the oldest waits for ${age(oldestWaitSeconds * 1_000)}`}.`,
  ].join('\n');
}

function poolTable(pools: PoolStats[], width?: number): string {
  const head = ['pool', 'jobs', 'could take', 'retrying', 'failed', 'state', 'use'];
  const rows = pools.map(({ pool, inProgress, maxJobs, ready, retrying, failed, state, why, quantities }) => [
    pool,
    `${inProgress}/${maxJobs}`,
    String(ready),
    String(retrying),
    String(failed),
    why === undefined ? state : `${state}: ${why}`,
    Object.entries(quantities)
      .map(([name, { used, total }]) => `${name} ${used}/${total}`)
      .join(', ') || '-',
  ]);
  return table(head, rows, width);
}

function customerTable(customers: CustomerStats[]): string {
  const rows = customers.map(({ customer = '(none)', inProgress, maxJobs, ready, retrying, failed, weight, share, oldestWaitSeconds }) => [
    customer,
    `${inProgress}/${maxJobs ?? '-'}`,
    String(ready),
    String(retrying),
    String(failed),
    String(weight),
    `${(share * 100).toFixed(1)}%`,
    oldestWaitSeconds === undefined ? '-' : age(oldestWaitSeconds * 1_000),
  ]);
  return table(['customer', 'jobs', 'waiting', 'retrying', 'failed', 'weight', 'share', 'oldest wait'], rows);
}

export function limitsText({ overall = {}, customers = {} }: Limits): string {
  const { maxJobs, perCustomer, ageingSeconds, reserveAfterSeconds } = { ...limitDefaults, ...overall };
  const rows = Object.entries(customers).map(([customer, limits]) => [
    customer,
    most(limits?.maxJobs),
    String(limits?.weight ?? limitDefaults.weight),
  ]);
  return [
    `Jobs on pools at once: ${maxJobs}; of one customer: ${most(perCustomer?.maxJobs)}, unless it has a limit of its own.`,
    `A step of priority is worth ${ageingSeconds} s of waiting; a job that fits nowhere keeps a pool free after ${reserveAfterSeconds} s.`,
    '',
    rows.length === 0 ? 'No customer has limits of its own.' : table(['customer', 'jobs at once', 'weight'], rows),
  ].join('\n');
}

const most = (maxJobs: number | null | undefined) => (typeof maxJobs === 'number' ? String(maxJobs) : '-');
