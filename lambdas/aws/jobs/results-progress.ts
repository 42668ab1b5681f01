/** How far results files were written, and by whom: one writer at a time, and the next goes on where it stopped. */
import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { ResultsRow, resultsKey } from '../../contract/job-table.ts';
import type { Clients } from '../clients.ts';
import { isConditionFailed } from '../errors.ts';

export interface ResultsPlace {
  job: string;
  name: string;
}

/** What is not finished by then is begun anew: S3 drops the parts of an upload as well. */
const keepSeconds = 5 * 86_400;

export type Progress = Pick<ResultsRow, 'cursor' | 'uploadId' | 'etags' | 'restKey'>;

export function resultsProgress(documents: Clients['documents'], TableName: string) {
  async function update(
    { job, name }: ResultsPlace,
    UpdateExpression: string,
    ConditionExpression: string,
    ExpressionAttributeValues: Record<string, unknown>,
  ): Promise<ResultsRow | undefined> {
    const update = new UpdateCommand({
      TableName,
      Key: resultsKey(job, name),
      UpdateExpression,
      ConditionExpression,
      // `cursor` is a word DynamoDB keeps for itself.
      ...(UpdateExpression.includes('#cursor') ? { ExpressionAttributeNames: { '#cursor': 'cursor' } } : {}),
      ExpressionAttributeValues,
      ReturnValues: 'ALL_NEW',
    });
    try {
      return ResultsRow.parse((await documents.send(update)).Attributes);
    } catch (error) {
      if (isConditionFailed(error)) return undefined;
      throw error;
    }
  }

  return {
    /** What was written so far; undefined while another writes. */
    take: (place: ResultsPlace, holder: string, nowMs: number, untilMs: number) =>
      update(
        place,
        'SET holder = :holder, heldUntilMs = :until, expiresAt = :expires',
        'attribute_not_exists(pk) OR heldUntilMs <= :now OR holder = :holder',
        { ':holder': holder, ':until': untilMs, ':now': nowMs, ':expires': Math.ceil(nowMs / 1_000) + keepSeconds },
      ),

    /** False where another has taken over. */
    async save(place: ResultsPlace, holder: string, { cursor, uploadId, etags, restKey }: Progress): Promise<boolean> {
      const set = ['#cursor = :cursor', 'etags = :etags', ...(uploadId === undefined ? [] : ['uploadId = :upload'])];
      const remove = [...(uploadId === undefined ? ['uploadId'] : []), ...(restKey === undefined ? ['restKey'] : [])];
      if (restKey !== undefined) set.push('restKey = :rest');
      const saved = await update(
        place,
        `SET ${set.join(', ')}${remove.length === 0 ? '' : ` REMOVE ${remove.join(', ')}`}`,
        'holder = :holder',
        {
          ':cursor': cursor,
          ':etags': etags,
          ':holder': holder,
          ...(uploadId === undefined ? {} : { ':upload': uploadId }),
          ...(restKey === undefined ? {} : { ':rest': restKey }),
        },
      );
      return saved !== undefined;
    },

    /** Whoever comes next may take it at once. */
    async release(place: ResultsPlace, holder: string): Promise<void> {
      await update(place, 'SET heldUntilMs = :free', 'holder = :holder', { ':free': 0, ':holder': holder });
    },
  };
}
export type ResultsProgress = ReturnType<typeof resultsProgress>;
