/** docs/pools.md names every field of a pool, of limits and of an explanation; its config items are such. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { ConfigItem } from '../../lambdas/contract/config-item.ts';
import { CustomerStats, PoolStats } from '../../lambdas/contract/job-api-stage.ts';
import { Explanation, Limits } from '../../lambdas/contract/lease-api.ts';
import {
  affinityReasons,
  CustomerLimits,
  CustomerLimitsItem,
  isLimitsKey,
  limitDefaults,
  OverallLimits,
  OverallLimitsItem,
  objectives,
  PlacementReason,
  PoolFields,
  ReportedCapacity,
} from '../../lambdas/contract/placement.ts';
import { inProject } from '../../local/paths.ts';

const text = readFileSync(inProject('docs', 'pools.md'), 'utf8');
const jobs = readFileSync(inProject('docs', 'jobs.md'), 'utf8');

it.each([
  ...Object.keys(PoolFields.shape).filter((name) => name !== 'capacity'),
  ...Object.keys(PoolFields.shape.capacity.shape).map((name) => `capacity.${name}`),
  ...Object.keys(OverallLimits.shape).map((name) => (name === 'perCustomer' ? 'perCustomer.maxJobs' : name)),
  ...Object.keys(CustomerLimits.shape),
  ...Object.keys(Explanation.shape).filter((name) => name !== 'job'),
  ...objectives,
  ...PlacementReason.options,
  ...['ready', 'inProgress', 'retrying', 'failed', 'share', 'oldestWaitSeconds'],
])('names %s', (name) => expect(text).toContain(`\`${name}\``));

it.each(Object.keys(ReportedCapacity.shape))('says what to report: %s', (name) => expect(text).toContain(`"${name}"`));
it.each(affinityReasons)('and docs/jobs.md names the reason %s', (name) => expect(jobs).toContain(`\`${name}\``));

it('has figures that there are', () => {
  for (const name of ['ready', 'inProgress', 'retrying', 'failed', 'quantities']) expect(PoolStats.shape).toHaveProperty(name);
  for (const name of ['ready', 'inProgress', 'retrying', 'failed', 'share', 'weight', 'oldestWaitSeconds'])
    expect(CustomerStats.shape).toHaveProperty(name);
});

it('knows the defaults', () => {
  expect(text).toMatch(new RegExp(`^[|] jobs on pools, in all +[|] ${limitDefaults.maxJobs} `, 'm'));
  expect(text).toContain('default 3,600');
  expect(text).toContain(`default ${limitDefaults.reserveAfterSeconds}`);
});

it('shows items and requests that are taken', () => {
  const blocks = [...text.matchAll(/```json\n([\s\S]*?)```/g)].flatMap(([, block = '']) =>
    block.includes('\n{') ? block.trim().split('\n') : [block],
  );
  expect(blocks.length).toBeGreaterThanOrEqual(3);
  for (const block of blocks) {
    const item = JSON.parse(block);
    const schema = !isLimitsKey(item.taskGroup) ? ConfigItem : item.taskGroup === '*limits' ? OverallLimitsItem : CustomerLimitsItem;
    expect(schema.safeParse(item).error, block).toBeUndefined();
  }
  const [, limits = ''] = /PUT "\$API_URL\/limits"[\s\S]*?-d '([^']+)'/.exec(text) ?? [];
  expect(Limits.safeParse(JSON.parse(limits)).success).toBe(true);
  const [, report = ''] = /\/pools\/west\/capacity"[^\n]*-d '([^']+)'/.exec(text) ?? [];
  expect(ReportedCapacity.safeParse(JSON.parse(report)).success).toBe(true);
});
