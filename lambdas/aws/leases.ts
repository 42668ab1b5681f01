/**
 * One writer per task group: a lease in the control table. A hint that comes while another look holds the lease is
 * noted on it (`wanted`) and done with: the holder looks again before it lets go.
 */
import { DeleteCommand, GetCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { controlKey } from '../contract/names.ts';
import type { Clients } from './clients.ts';
import { isConditionFailed } from './errors.ts';

/** Longer than a reconcile may run, so that a lease never runs out under a live holder. */
export const leaseMs = 75_000;

export interface Lease {
  taskGroup: string;
  holder: string;
  expiresAtMs: number;
  /** Hints noted when the lease was last read; it is only let go at that count. */
  wanted: number;
}

/** `kind` keeps leases on groups, releases, targets of jobs and files apart. */
export function leases(
  documents: Clients['documents'],
  table: string,
  kind: 'lease' | 'release-lease' | 'dispatch-lease' | 'intake-lease',
) {
  const key = (taskGroup: string) => ({ pk: kind, sk: controlKey(taskGroup) });

  async function update(
    taskGroup: string,
    UpdateExpression: string,
    ConditionExpression: string,
    values: Record<string, unknown>,
  ): Promise<boolean> {
    try {
      await documents.send(
        new UpdateCommand({
          TableName: table,
          Key: key(taskGroup),
          UpdateExpression,
          ConditionExpression,
          ExpressionAttributeValues: values,
        }),
      );
      return true;
    } catch (error) {
      if (isConditionFailed(error)) return false;
      throw error;
    }
  }

  return {
    /** The lease, or undefined where another look holds it; that one is then told to look again. */
    async acquire(taskGroup: string, holder: string, nowMs: number): Promise<Lease | undefined> {
      const expiresAtMs = nowMs + leaseMs;
      for (;;) {
        const taken = await update(
          taskGroup,
          'SET holder = :holder, expiresAtMs = :until, wanted = :none',
          // Ours already: taken by a call whose answer was lost, and which the SDK therefore repeats.
          'attribute_not_exists(pk) OR expiresAtMs <= :now OR holder = :holder',
          {
            ':holder': holder,
            ':until': expiresAtMs,
            ':none': 0,
            ':now': nowMs,
          },
        );
        if (taken) return { taskGroup, holder, expiresAtMs, wanted: 0 };
        if (await update(taskGroup, 'ADD wanted :one', 'attribute_exists(pk) AND expiresAtMs > :now', { ':one': 1, ':now': nowMs }))
          return undefined;
        // Let go between the two: free to take now.
      }
    },

    /** Lets go and says true, unless another hint was noted meanwhile: then the lease, with that noted, to look again. */
    async release(lease: Lease): Promise<true | Lease> {
      try {
        await documents.send(
          new DeleteCommand({
            TableName: table,
            Key: key(lease.taskGroup),
            ConditionExpression: 'holder = :holder AND wanted = :seen',
            ExpressionAttributeValues: { ':holder': lease.holder, ':seen': lease.wanted },
          }),
        );
        return true;
      } catch (error) {
        if (!isConditionFailed(error)) throw error;
        const wanted = await readWanted(lease);
        // Somebody else's by now, after ours ran out: nothing of ours to let go.
        return wanted === undefined ? true : { ...lease, wanted };
      }
    },

    /** Lets go whatever was noted: after an error, so that the next hint need not wait for the lease to run out. */
    async drop(lease: Lease): Promise<void> {
      await documents
        .send(
          new DeleteCommand({
            TableName: table,
            Key: key(lease.taskGroup),
            ConditionExpression: 'holder = :holder',
            ExpressionAttributeValues: { ':holder': lease.holder },
          }),
        )
        .catch(() => undefined);
    },

    /** Whether a hint came since the lease was read. */
    async isWanted(lease: Lease): Promise<boolean> {
      return ((await readWanted(lease)) ?? 0) > lease.wanted;
    },
  };

  async function readWanted(lease: Lease): Promise<number | undefined> {
    const { Item } = await documents.send(new GetCommand({ TableName: table, Key: key(lease.taskGroup), ConsistentRead: true }));
    return Item?.holder === lease.holder ? Number(Item.wanted) : undefined;
  }
}
export type Leases = ReturnType<typeof leases>;
