/** Jobs of a stage that names a validator of its own: what a good one keeps of its word, and what becomes of a bad one. */
import { expect } from 'vitest';
import { Job } from '../../lambdas/contract/job.ts';
import { eventually } from './eventually.ts';
import { apiOf } from './job-api.ts';
import type { OtherStage } from './other-stage.ts';
import { placedZip } from './placed-jobs.ts';
import { makeFunction } from './target-function.ts';

/** Finds what a job's body says, and who it is for. */
const source = `
export const handler = async ({ v, job, customer, body, needs, inputs }) => ({
  ok: body.ok,
  findings: [...body.finds, [v, typeof job, customer, JSON.stringify(needs), inputs.length].join(' ')],
});`;

/** `validator`: the name that the stage has of it. */
export async function jobsAreLookedAt(other: OtherStage, validator: string): Promise<void> {
  const key = 'placed/consumer.zip';
  await other.upload(key, await placedZip());
  await Promise.all([
    makeFunction(other.aws.lambda, { name: validator, role: other.outputs['ConsumerRoleArn'] as string, source }),
    other.pipeline('pool', { consumer: 'sluice', code: { key }, pool: { capacity: { maxJobs: 1, quantities: { cpu: 4 } } } }),
  ]);
  const api = apiOf(other.outputs['ApiUrl'] as string, other.target.account);
  const lookedAt = async (body: object): Promise<Job> => {
    const id = await eventually('a job is taken', async () => {
      // Not before the scheduler knows of the pool.
      const { status, json, text } = await api('POST', '/jobs', {
        body: { body, customer: 'acme', needs: { quantities: { cpu: 1 } } },
      });
      if (status !== 202) throw new Error(`${status}: ${text}`);
      return json.id as string;
    });
    // It is not waited for until it ends: a heartbeat is not signed, and the local AWS takes it for one of its first account's.
    return eventually(`job ${id} is on a pool, or has failed`, async () => {
      const { json, text } = await api('GET', `/jobs/${id}`);
      if (json?.status !== 'RUNNING' && json?.endedAt === undefined) throw new Error(text);
      return Job.parse(json);
    });
  };
  const handed = '1 string acme {"quantities":{"cpu":1}} 0';
  const good = await lookedAt({ ok: true, finds: ['a little old'] });
  expect(good).toMatchObject({ status: 'RUNNING', pool: 'pool', findings: ['a little old', handed] });
  const bad = await lookedAt({ ok: false, finds: ['no mesh'] });
  expect(bad).toMatchObject({ status: 'FAILED', error: { class: 'DATA' }, attempts: 0, findings: ['no mesh', handed] });
  expect(bad).not.toHaveProperty('pool');
  expect(bad).not.toHaveProperty('startedAt');
}
