/** Rows of pools and limits, brought to what config table and pipelines say. Others write them, too: each is decided from what is there. */

import { defaultsGroup } from '../contract/names.ts';
import { customerLimitsKey, customerOfLimitsKey, isLimitsKey, limitDefaults, overallLimitsKey } from '../contract/placement.ts';
import type { CustomerRow, OverallRow, PoolRow } from '../contract/placement-table.ts';
import { effectiveItem } from '../domain/effective-item.ts';
import { customerOf, overallOf } from '../domain/placement/limits-of.ts';
import { poolOf } from '../domain/placement/pool-of.ts';
import { inWaves } from '../framework/in-waves.ts';
import type { SchedulerServices } from './scheduler-services.ts';

/** Whose items have changed, it is said: task groups, and keys of limits. */
export interface Told {
  pools: Iterable<string>;
  limits: Iterable<string>;
}

const atOnce = 10;
/** Times in a row that somebody else may be faster. */
const tries = 10;

/** As it is now; undefined: there is no such pool. */
export async function renewPool(services: SchedulerServices, taskGroup: string): Promise<PoolRow | undefined> {
  const { placement, pipelines, clock } = services;
  for (let tried = 0; tried < tries; tried += 1) {
    const [item, pipeline, previous] = await Promise.all([
      itemOf(services, taskGroup),
      pipelines.get(taskGroup),
      placement.pool(taskGroup),
    ]);
    const next = poolOf({ taskGroup, item, pipeline, reported: previous?.reported, previous, nowMs: clock.nowMs() });
    if (next?.state === 'gone' && (next.jobs > 0 ? false : await removed(services, previous, next))) return undefined;
    if (next === undefined || next === previous || (await placement.putPool(previous, next))) return next;
  }
  throw new Error(`pool ${taskGroup}: others changed it at the same time, ${tries} times in a row`);
}

/** One that is gone says so before it goes: whoever looks at it meanwhile starts nothing there. */
async function removed({ placement }: SchedulerServices, previous: PoolRow | undefined, next: PoolRow): Promise<boolean> {
  if (next !== previous && !(await placement.putPool(previous, next))) return false;
  return placement.removePool(next.taskGroup);
}

async function itemOf({ config, stage }: SchedulerServices, taskGroup: string) {
  const [raw, defaults] = await Promise.all([config.get(taskGroup), config.get(defaultsGroup)]);
  if (raw === undefined) return undefined;
  const verdict = effectiveItem(raw, defaults, stage);
  return verdict.valid ? verdict.item : ('invalid' as const);
}

export async function renewOverall({ placement, config, clock, log }: SchedulerServices): Promise<OverallRow> {
  for (let tried = 0; tried < tries; tried += 1) {
    const [item, previous] = await Promise.all([config.get(overallLimitsKey), placement.overall()]);
    const { row, problems } = overallOf(item, previous, clock.nowMs());
    if (problems.length > 0) log.warn('limits are wrong; the last good ones hold', { key: overallLimitsKey, problems });
    if (row === previous || (await placement.putOverall(previous, row))) return row;
  }
  throw new Error(`limits: others changed them at the same time, ${tries} times in a row`);
}

/** Undefined: nothing is known of the customer, and nothing is to be. */
export async function renewCustomer(
  { placement, config, clock, log }: SchedulerServices,
  customer: string,
): Promise<CustomerRow | undefined> {
  const key = customerLimitsKey(customer);
  const [item, previous] = await Promise.all([config.get(key), placement.customer(customer)]);
  if (item === undefined && previous === undefined) return undefined;
  const { row, problems } = customerOf(customer, item, previous, clock.nowMs());
  if (problems.length > 0) log.warn('limits are wrong; the last good ones hold', { key, problems });
  if (row !== previous) await placement.putCustomer(row);
  return row;
}

/**
 * All pools that have a row, and those that were told of, which may have none yet; of customers those that were told of.
 * `search`: and whoever has an item, or a row that may be without one by now.
 */
export async function renewAll(services: SchedulerServices, told: Told, search: boolean): Promise<OverallRow> {
  const { placement } = services;
  const pools = new Set([...(await placement.pools()).map(({ taskGroup }) => taskGroup), ...told.pools]);
  pools.delete(defaultsGroup);
  const customers = new Set([...told.limits].flatMap((key) => customerOfLimitsKey(key) ?? []));
  if (search) {
    for (const { customer, maxJobs, weight } of await placement.customers())
      if (maxJobs !== undefined || weight !== limitDefaults.weight) customers.add(customer);
    await addItems(services, pools, customers);
  }
  await inWaves([...pools], atOnce, (taskGroup) => renewPool(services, taskGroup));
  await inWaves([...customers], atOnce, (customer) => renewCustomer(services, customer));
  return renewOverall(services);
}

async function addItems({ config }: SchedulerServices, pools: Set<string>, customers: Set<string>): Promise<void> {
  const groups: { key: string; isPool: boolean }[] = [];
  for await (const page of config.keys()) groups.push(...page);
  // Every group inherits the pool of the defaults item that has none of its own.
  const areAllPools = groups.some(({ key, isPool }) => key === defaultsGroup && isPool);
  for (const { key, isPool } of groups) {
    const customer = customerOfLimitsKey(key);
    if (customer !== undefined) customers.add(customer);
    else if (!isLimitsKey(key) && key !== defaultsGroup && (isPool || areAllPools)) pools.add(key);
  }
}
