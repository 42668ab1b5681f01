/** Whether a job was cancelled, as its service noted it in the tasks table. */
import { type DynamoDBDocumentClient, GetCommand } from '@aws-sdk/lib-dynamodb';
import { jobStateKey } from '../../lambdas/contract/task-table.ts';
import type { JobStates } from '../ports.ts';

export function jobStates(documents: Pick<DynamoDBDocumentClient, 'send'>, TableName: string): JobStates {
  return {
    // The record is there of a cancelled job alone, and outlives its messages.
    async isCancelled(job) {
      const { Item } = await documents.send(new GetCommand({ TableName, Key: jobStateKey(job), ConsistentRead: true }));
      return Item !== undefined;
    },
  };
}
