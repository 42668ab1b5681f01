/** How many jobs there are of a status, as far as a bounded read tells. */
import { QueryCommand, type QueryCommandOutput } from '@aws-sdk/lib-dynamodb';
import type { JobStatus } from '../../contract/job.ts';
import { jobIndexes } from '../../contract/job-table.ts';
import type { Clients } from '../clients.ts';

export interface JobCount {
  count: number;
  /** There are more. */
  more: boolean;
}

/** Reading counts, even where nothing is handed over: so much for one figure, and no more. */
export async function countJobs(documents: Clients['documents'], TableName: string, status: JobStatus, most: number): Promise<JobCount> {
  let count = 0;
  let start: QueryCommandOutput['LastEvaluatedKey'];
  do {
    const page: QueryCommandOutput = await documents.send(
      new QueryCommand({
        TableName,
        IndexName: jobIndexes.status.name,
        KeyConditionExpression: '#status = :status',
        ExpressionAttributeNames: { '#status': jobIndexes.status.key },
        ExpressionAttributeValues: { ':status': status },
        Select: 'COUNT',
        Limit: most - count,
        ...(start === undefined ? {} : { ExclusiveStartKey: start }),
      }),
    );
    count += page.Count ?? 0;
    start = page.LastEvaluatedKey;
  } while (start !== undefined && count < most);
  return { count, more: start !== undefined };
}
