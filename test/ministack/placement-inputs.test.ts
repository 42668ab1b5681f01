/** Jobs that state inputs: each is looked at before its job takes a place, and the job goes where most of their bytes are near. */
import { randomUUID } from 'node:crypto';
import { beforeAll, expect, test } from 'vitest';
import { removeGroupsAfterwards } from '../support/groups.ts';
import { inputBucket as bucket, makeInputBucket, putInput } from '../support/input-bucket.ts';
import { submit, untilEnded } from '../support/job-api.ts';
import { endsOf } from '../support/placed-ends.ts';
import { poolGroup } from '../support/placed-jobs.ts';
import { stage } from '../support/shared-stage.ts';

const run = randomUUID();
const labels = { inputs: run };
const needs = { labels };

removeGroupsAfterwards();
beforeAll(makeInputBucket);

test('a job goes to the pool that most bytes of its inputs are near, of the versions it names', async () => {
  // By name alone it would be the other way round.
  const pool = (name: string) =>
    poolGroup(name, { labels, capacity: { maxJobs: 2 }, locality: { prefixes: [`${bucket}/${run}/${name}/`] } });
  const [some, most] = await Promise.all([pool('a-some'), pool('b-most')]);
  const key = (name: string) => `${run}/${name}/mesh`;
  const large = await putInput(key('a-some'), 'x'.repeat(100));
  await putInput(key('a-some'), 'x'.repeat(10));
  await putInput(key('b-most'), 'x'.repeat(30));
  const inputs = [
    { bucket, key: key('a-some') },
    { bucket, key: key('b-most') },
  ];
  const now = await submit({ body: { value: 1 }, needs, objective: 'locality', inputs });
  expect(await untilEnded(now)).toMatchObject({ status: 'COMPLETED', pool: most, reason: 'locality', result: { group: most } });
  const before = await submit({ body: {}, needs, objective: 'locality', inputs: [{ ...inputs[0], versionId: large }, inputs[1]] });
  expect(await untilEnded(before)).toMatchObject({ status: 'COMPLETED', pool: some, reason: 'locality' });

  const ends = await endsOf([now, before]);
  const sized = (job: string) => ends.get(job)?.row.placed?.inputs.map(({ bytes }) => bytes);
  expect([sized(now), sized(before)]).toEqual([
    [10, 30],
    [100, 30],
  ]);
  expect(ends.get(now)?.row.placed?.inputs[0]?.region ?? stage.region).toBe(stage.region);
});

test('a job whose input is not there fails, says which, and takes no place', async () => {
  const missing = { bucket, key: `${run}/missing` };
  const job = await untilEnded(await submit({ body: {}, needs, inputs: [missing], customer: 'acme' }));
  expect(job).toMatchObject({ status: 'FAILED', error: { class: 'DATA' }, findings: [expect.stringContaining(missing.key)] });
  expect(job).not.toHaveProperty('pool');
  expect((await endsOf([job.id])).get(job.id)?.row.placed?.fence).toBe(0);
});
