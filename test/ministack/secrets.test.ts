/** Secrets are handed over by reference: the consumer's environment says where they are, and their values show up nowhere. */
import { beforeAll, expect, test } from 'vitest';
import { nodeConsumer } from '../support/consumers.ts';
import { lookAtWhole, newCode, newGroup, removeGroupsAfterwards, untilPhase, writeItem } from '../support/groups.ts';
import { awsJson } from '../support/query-api.ts';
import { callsSince, markRecord } from '../support/recorded-calls.ts';
import { stage } from '../support/shared-stage.ts';

const value = 'the-value-itself-4711';
let key: string;
removeGroupsAfterwards();
beforeAll(async () => {
  ({ key } = await newCode(nodeConsumer()));
  await awsJson(stage, 'ssm', 'AmazonSSM.PutParameter', {
    Name: `${stage.outputs.SecretsPath}api-key`,
    Value: value,
    Type: 'SecureString',
    Overwrite: true,
  });
});

test('a secret is a name and a place in the environment, its value nowhere', async () => {
  const taskGroup = newGroup('secret');
  const reference = `ssm:${stage.outputs.SecretsPath}api-key`;
  const mark = markRecord();
  await writeItem({ taskGroup, code: { key }, secrets: { API_KEY: reference } });
  const row = await untilPhase(taskGroup, 'Active');
  const whole = await lookAtWhole(taskGroup);
  expect(JSON.parse(whole.function.Configuration?.Environment?.Variables?.['SLUICE_SECRETS'] ?? '{}')).toEqual({ API_KEY: reference });
  for (const text of [row, whole, callsSince(mark)].map((seen) => JSON.stringify(seen))) expect(text).not.toContain(value);
});

test('a value written by mistake is not repeated in the status', async () => {
  const taskGroup = newGroup('secret');
  await writeItem({ taskGroup, code: { key }, secrets: { API_KEY: value }, function: { environment: { 'NO-NAME': value } } });
  const row = await untilPhase(taskGroup, 'Invalid');
  expect(row.problems).toHaveLength(2);
  expect(JSON.stringify(row)).not.toContain(value);
});
