/** A group's cooling on AWS's rules: the longest holds, whoever asks; refusals are counted by day; a hint is one the reconciler reads. */
import { expect, it } from 'vitest';
import { groupCooling } from '../../consumer/aws/group-cooling.ts';
import { memoryCooling } from '../../consumer/testing/memory-cooling.ts';
import { Hint } from '../../lambdas/contract/messages.ts';
import { AwsDouble } from './aws/double.ts';
import type { SettingsChange } from './aws/settings.ts';
import { queueUrl } from './aws/support.ts';

const t0 = Date.UTC(2026, 0, 1);

function onDouble(change: SettingsChange = {}) {
  const aws = new AwsDouble(change);
  aws.dynamodb.createTable({ name: 'tasks', hash: 'pk', range: 'sk', ttl: 'expiresAt' });
  const { clients } = aws.caller('consumer');
  const cooling = groupCooling(clients.documents, clients.sqs, { tasksTable: 'tasks', hintsQueueUrl: queueUrl('hints') });
  return { aws, cooling, wait: <T>(promise: Promise<T>) => aws.clock.until(promise) };
}

const refused = (untilMs: number, message = '429') => ({ untilMs, message, streak: 1 });

it.each([
  ['in the table', () => onDouble()],
  ['in memory', () => ({ cooling: memoryCooling(), wait: <T>(promise: Promise<T>) => promise })],
])('the longest holds: %s', async (_where, make) => {
  const { cooling, wait } = make();
  expect(await wait(cooling.read('acme'))).toBeUndefined();
  expect(await wait(cooling.cool('acme', refused(t0 + 5_000), t0))).toMatchObject({ untilMs: t0 + 5_000, lastLimitedAtMs: t0 });
  expect(await wait(cooling.cool('acme', refused(t0 + 9_000, 'longer'), t0 + 1))).toMatchObject({ untilMs: t0 + 9_000 });
  expect(await wait(cooling.cool('acme', refused(t0 + 7_000, 'shorter'), t0 + 2))).toMatchObject({ untilMs: t0 + 9_000 });
  expect(await wait(cooling.read('acme'))).toMatchObject({ untilMs: t0 + 9_000, message: 'longer' });
  expect(await wait(cooling.read('other'))).toBeUndefined();
});

it('the longest is seen though reads may be old', async () => {
  for (let seed = 1; seed <= 20; seed += 1) {
    const { cooling, wait } = onDouble({ seed, dynamodb: { staleMs: 60_000 } });
    await wait(cooling.cool('acme', refused(t0 + 1_000), t0));
    await wait(cooling.cool('acme', refused(t0 + 9_000), t0));
    expect(await wait(cooling.cool('acme', refused(t0 + 7_000), t0))).toMatchObject({ untilMs: t0 + 9_000 });
  }
});

it('refusals are counted by day, and a count that fails fails nothing', async () => {
  const { aws, cooling, wait } = onDouble();
  const counts = () =>
    aws.dynamodb
      .table('tasks')
      .items()
      .filter(({ sk }) => String(sk).startsWith('limited#'))
      .map(({ sk, count }) => [sk, count]);
  await wait(cooling.cool('acme', refused(t0 + 5_000), t0));
  await wait(cooling.cool('acme', refused(t0 + 1_000), t0));
  await wait(cooling.cool('acme', refused(t0 + 86_400_000), t0 + 86_399_999));
  await wait(cooling.cool('acme', refused(t0 + 86_500_000), t0 + 86_400_000));
  expect(counts()).toEqual([
    ['limited#2026-01-01', 3],
    ['limited#2026-01-02', 1],
  ]);
  aws.log.plant({ nth: 1, when: 'before', effect: new Error('down'), fits: ({ input }) => JSON.stringify(input).includes('limited#') });
  expect(await wait(cooling.cool('acme', refused(t0 + 90_000_000), t0))).toMatchObject({ untilMs: t0 + 90_000_000 });
});

it('a hint is one the reconciler reads', async () => {
  const { aws, cooling, wait } = onDouble();
  aws.sqs.createQueue('hints');
  await wait(cooling.hint('Acme & Co'));
  expect(
    aws.sqs
      .find('hints')
      ?.messages()
      .map(({ body }) => Hint.parse(JSON.parse(body))),
  ).toEqual([{ kind: 'group', taskGroup: 'Acme & Co', class: 'change', hops: 0 }]);
});
