/** The permits of the deployed stage are where consumers look for them, and nowhere else. */
import { GetCommand } from '@aws-sdk/lib-dynamodb';
import { expect, test } from 'vitest';
import { permitKey, permitLimitAttribute, permitStateSortKey } from '../../lambdas/contract/task-table.ts';
import { awsClients } from '../support/aws-clients.ts';
import { sharedSettings } from '../support/deploy-shared-stage.ts';
import { stage } from '../support/shared-stage.ts';

const { documents } = awsClients(stage);

const stateOf = async (name: string) => {
  const Key = { pk: permitKey(name), sk: permitStateSortKey };
  return (await documents.send(new GetCommand({ TableName: stage.outputs.TasksTableName, Key, ConsistentRead: true }))).Item;
};

test.each(Object.entries(sharedSettings.permits))('%s may be held by %d at once', async (name, limit) => {
  expect((await stateOf(name))?.[permitLimitAttribute]).toBe(limit);
});

test('a permit that is not in the settings is not there', async () => {
  expect(await stateOf('nobody-has-set')).toBeUndefined();
});
