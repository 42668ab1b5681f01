/** Release pointers and releases. A pointer is only written over the revision that was read; progress is counted once per pipeline. */
import { GetCommand, PutCommand, ScanCommand, type ScanCommandOutput, TransactWriteCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import type { PipelineRow } from '../contract/pipeline-row.ts';
import { pointerId, Release, ReleasePointer, releaseId } from '../contract/release-row.ts';
import type { Clients } from './clients.ts';
import { isConditionFailed, isTransactionCancelled } from './errors.ts';

export type RolloutOutcome = NonNullable<PipelineRow['rollout']>['outcome'];

export function releasesTable(documents: Clients['documents'], table: string, pipelines: string) {
  const get = async (codeKey: string, id: string) =>
    (await documents.send(new GetCommand({ TableName: table, Key: { codeKey, id }, ConsistentRead: true }))).Item;

  return {
    async pointer(codeKey: string): Promise<ReleasePointer | undefined> {
      const item = await get(codeKey, pointerId);
      return item && ReleasePointer.parse(item);
    },

    async release(codeKey: string, version: string): Promise<Release | undefined> {
      const item = await get(codeKey, releaseId(version));
      return item && Release.parse(item);
    },

    /** False where somebody else moved the pointer since it was read. */
    async movePointer(pointer: ReleasePointer): Promise<boolean> {
      try {
        await documents.send(
          new PutCommand({
            TableName: table,
            Item: pointer,
            ConditionExpression: pointer.revision === 1 ? 'attribute_not_exists(codeKey)' : 'revision = :before',
            ...(pointer.revision === 1 ? {} : { ExpressionAttributeValues: { ':before': pointer.revision - 1 } }),
          }),
        );
        return true;
      } catch (error) {
        if (isConditionFailed(error)) return false;
        throw error;
      }
    },

    /** Makes the row of a release; one that is there already (its event came twice) stays as it is. */
    async createRelease(release: Release): Promise<void> {
      const put = new PutCommand({ TableName: table, Item: release, ConditionExpression: 'attribute_not_exists(id)' });
      await documents.send(put).catch((error: unknown) => {
        if (!isConditionFailed(error)) throw error;
      });
    },

    /** Changes single fields of a release's row, leaving the counters that others write. */
    async updateRelease(codeKey: string, version: string, fields: Partial<Omit<Release, 'codeKey' | 'id' | 'version'>>): Promise<void> {
      const entries = Object.entries(fields);
      await documents.send(
        new UpdateCommand({
          TableName: table,
          Key: { codeKey, id: releaseId(version) },
          UpdateExpression: `SET ${entries.map((_, i) => `#f${i} = :v${i}`).join(', ')}`,
          ExpressionAttributeNames: Object.fromEntries(entries.map(([name], i) => [`#f${i}`, name])),
          ExpressionAttributeValues: Object.fromEntries(entries.map(([, value], i) => [`:v${i}`, value])),
        }),
      );
    },

    /** Closes a rollout that is through, unless it was rolled back or stopped since it was read. */
    async finishRollout(codeKey: string, version: string, message: string, now: string): Promise<void> {
      const update = new UpdateCommand({
        TableName: table,
        Key: { codeKey, id: releaseId(version) },
        UpdateExpression: 'SET #state = :rolledOut, #message = :message, finishedAt = :now, updatedAt = :now',
        ConditionExpression: '#state = :rollingOut',
        ExpressionAttributeNames: { '#state': 'state', '#message': 'message' },
        ExpressionAttributeValues: { ':rolledOut': 'RolledOut', ':rollingOut': 'RollingOut', ':message': message, ':now': now },
      });
      await documents.send(update).catch((error: unknown) => {
        if (!isConditionFailed(error)) throw error;
      });
    },

    /**
     * Stores `row` and counts its outcome for the rollout, both or neither, so that each pipeline counts once however
     * often its hint comes. An outcome that changes (failed, then done) moves from one count to the other.
     */
    async countOutcome(
      codeKey: string,
      row: PipelineRow,
      rollout: { version: string; id: string },
      outcome: RolloutOutcome,
      now: string,
    ): Promise<PipelineRow> {
      const before = row.rollout?.id === rollout.id ? row.rollout.outcome : undefined;
      const counted: PipelineRow = { ...row, rollout: { id: rollout.id, outcome } };
      if (before === outcome) return row;
      // A rollout that was stopped, resumed or rolled back meanwhile has new counters: this outcome is not of it.
      const [release, pointer] = await Promise.all([get(codeKey, releaseId(rollout.version)), get(codeKey, pointerId)]);
      if (release?.rolloutId !== rollout.id || pointer?.version !== rollout.version) return row;
      await transact(documents, [
        { Put: { TableName: pipelines, Item: counted } },
        {
          Update: {
            TableName: table,
            Key: { codeKey, id: releaseId(rollout.version) },
            UpdateExpression: `SET updatedAt = :now ADD #o :one${before ? ', #b :minusOne' : ''}`,
            ConditionExpression: 'rolloutId = :rollout',
            ExpressionAttributeNames: { '#o': outcome, ...(before ? { '#b': before } : {}) },
            ExpressionAttributeValues: { ':one': 1, ':now': now, ':rollout': rollout.id, ...(before ? { ':minusOne': -1 } : {}) },
          },
        },
      ]);
      return counted;
    },

    /** Every pointer, for the sweep: a lost upload event is found by looking at each key again. */
    async *pointers(): AsyncGenerator<ReleasePointer[]> {
      let start: Record<string, unknown> | undefined;
      do {
        const page: ScanCommandOutput = await documents.send(
          new ScanCommand({
            TableName: table,
            FilterExpression: 'id = :pointer',
            ExpressionAttributeValues: { ':pointer': pointerId },
            ConsistentRead: true,
            ...(start ? { ExclusiveStartKey: start } : {}),
          }),
        );
        yield (page.Items ?? []).map((item) => ReleasePointer.parse(item));
        start = page.LastEvaluatedKey;
      } while (start);
    },
  };
}
export type ReleasesTable = ReturnType<typeof releasesTable>;

type TransactItems = NonNullable<ConstructorParameters<typeof TransactWriteCommand>[0]['TransactItems']>;

/** Rows of one release are counted by many at once: a transaction that met another is simply tried again. */
async function transact(documents: Clients['documents'], items: TransactItems): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      await documents.send(new TransactWriteCommand({ TransactItems: items }));
      return;
    } catch (error) {
      if (!isTransactionCancelled(error) || tries === 8) throw error;
    }
  }
}
