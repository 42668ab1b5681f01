/** One more thing to know about a job, beside what others write to its row. */
import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { jobKey } from '../../contract/job-table.ts';
import type { Clients } from '../clients.ts';
import { isConditionFailed } from '../errors.ts';

/** What was added already, and what is about a job that is gone, stays as it is. */
export async function addWarning(documents: Clients['documents'], TableName: string, job: string, warning: string): Promise<void> {
  const update = new UpdateCommand({
    TableName,
    Key: jobKey(job),
    UpdateExpression: 'SET warnings = list_append(if_not_exists(warnings, :none), :added)',
    ConditionExpression: 'attribute_exists(pk) AND NOT contains(warnings, :warning)',
    ExpressionAttributeValues: { ':none': [], ':added': [warning], ':warning': warning },
  });
  await documents.send(update).catch((error: unknown) => {
    if (!isConditionFailed(error)) throw error;
  });
}
