/** Letters that had no room on their message: the tasks table has them. */
import { QueryCommand } from '@aws-sdk/lib-dynamodb';
import { LetterRecord, letterSortKey, taskKey } from '../../lambdas/contract/task-table.ts';
import type { Letter } from '../../lambdas/contract/task-wire.ts';
import { readLetter } from '../../lambdas/domain/task/letter.ts';
import { type DeadLetter, withRecorded } from '../dead-letters/dead-letter.ts';
import type { Stage } from './connect.ts';

const letterPrefix = letterSortKey(0).slice(0, -1);

/** As it is, or with the letter that was recorded for it. */
export async function explained(stage: Stage, dead: DeadLetter): Promise<DeadLetter> {
  if (dead.letter !== undefined) return dead;
  const letter = await recordedLetter(stage, dead);
  return letter ? withRecorded(dead, letter) : dead;
}

async function recordedLetter({ clients, output }: Stage, { queue, task, messageId }: DeadLetter): Promise<Letter | undefined> {
  const { Items = [] } = await clients.documents.send(
    new QueryCommand({
      TableName: output('TasksTableName'),
      KeyConditionExpression: 'pk = :task AND begins_with(sk, :letter)',
      ExpressionAttributeValues: { ':task': taskKey(queue.pipeline, task), ':letter': letterPrefix },
    }),
  );
  // An older one is of an earlier death.
  const record = Items.map((item) => LetterRecord.parse(item)).find((candidate) => candidate.messageId === messageId);
  return readLetter(record?.json);
}
