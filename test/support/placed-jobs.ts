/** Pools on the deployed stage, whose consumers do as a job's body says, and an ear that hears what they do. */
import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import type { PoolFields } from '../../lambdas/contract/placement.ts';
import { eventually } from './eventually.ts';
import { aws, newCode, newGroup, untilPhase, writeItem } from './groups.ts';
import { api, exchange } from './job-api.ts';
import { libraryZip } from './library-consumer.ts';
import { stage } from './shared-stage.ts';

/**
 * `steps`: names of steps, each told to `tell`; `dieIn`: the process ends there, in the first attempt; `pending`: handed on,
 * with the lease told to `tell`; `fail`: the class it fails with, in its first `times` attempts or in all; `ms`.
 */
const source = `
import { defineConsumer, TaskError } from 'sluice/consumer';
const told = (url, what) => url && fetch(url, { method: 'POST', body: JSON.stringify(what) });
export const handler = defineConsumer({
  async task(body, ctx) {
    console.log('job', ctx.job);
    const { lease, group, job } = ctx;
    await told(body.tell, { job, group, what: 'started', fence: lease?.fence });
    for (const name of body.steps ?? [])
      await ctx.step(name, async () => {
        await told(body.tell, { job, group, what: name, fence: lease?.fence });
        if (body.dieIn === name && lease?.fence === 1) process.exit(1);
        if (body.stepMs) await ctx.sleep(body.stepMs);
        return name + ' done';
      });
    if (body.pending) {
      await told(body.tell, { job, group, what: 'handed on', lease });
      return ctx.pending('outside');
    }
    if (body.ms) await ctx.sleep(body.ms);
    if (body.fail && lease.fence <= (body.times ?? Infinity)) throw new TaskError(body.fail, 'as it was asked to');
    return { value: body.value, group };
  },
});`;

let zip: Promise<Uint8Array> | undefined;
export function placedZip(): Promise<Uint8Array> {
  zip ??= libraryZip(source);
  return zip;
}

export interface Told {
  job: string;
  group: string;
  what: string;
  fence?: number;
  lease?: { token: string; url: string; fence: number; leaseSeconds: number };
}

/** A pool that is up and known to the scheduler. */
export async function poolGroup(name: string, pool: PoolFields, item: Record<string, unknown> = {}): Promise<string> {
  const { key } = await newCode(await placedZip());
  const taskGroup = newGroup(name);
  await writeItem({ taskGroup, consumer: 'sluice', concurrency: 4, code: { key }, pool, ...item });
  await untilPhase(taskGroup, 'Active');
  await untilPool(taskGroup, 'open', ({ state }) => state === 'open');
  return taskGroup;
}

/** Another value of fields of its item's `pool`. */
export async function changePool(taskGroup: string, fields: Partial<PoolFields>): Promise<void> {
  const entries = Object.entries(fields);
  await aws.documents.send(
    new UpdateCommand({
      TableName: stage.outputs.ConfigTableName,
      Key: { taskGroup },
      UpdateExpression: `SET ${entries.map((_, i) => `#pool.#f${i} = :f${i}`).join(', ')}`,
      ExpressionAttributeNames: { '#pool': 'pool', ...Object.fromEntries(entries.map(([name], i) => [`#f${i}`, name])) },
      ExpressionAttributeValues: Object.fromEntries(entries.map(([, value], i) => [`:f${i}`, value])),
    }),
  );
}

/** As the stats tell of it. */
// biome-ignore lint/suspicious/noExplicitAny: a test says what it expects of it.
export function untilPool(taskGroup: string, what: string, check: (pool: any) => boolean): Promise<unknown> {
  return eventually(`pool ${taskGroup}: ${what}`, async () => {
    const { status, json, text } = await api('GET', '/concurrency/stats');
    if (status !== 200) throw new Error(`${status}: ${text}`);
    const pool = json.placement?.pools.find((one: { pool: string }) => one.pool === taskGroup);
    if (pool === undefined || !check(pool)) throw new Error(JSON.stringify(pool) ?? text);
    return pool;
  });
}

/** A word under a lease, as work outside Lambda says it. */
export const say = ({ url, token }: { url: string; token: string }, path: string, body: object = {}) =>
  exchange(`${url}/${path}`, 'POST', { authorization: `Bearer ${token}`, 'content-type': 'application/json' }, JSON.stringify(body));
