/**
 * The ledger of reserved concurrency: what each group was granted, who waits, and what AWS says can be had. Every change
 * is one transaction over the ledger's revision, so that the sum holds whoever asks at the same time.
 */
import { GetAccountSettingsCommand } from '@aws-sdk/client-lambda';
import { DeleteCommand, GetCommand, PutCommand, QueryCommand, type QueryCommandOutput, TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import { controlKey } from '../contract/names.ts';
import { decideGrant, type GrantVerdict, type Ledger, nextToGrant, roomIn, type Waiter } from '../domain/reservations.ts';
import type { Clock } from '../framework/clock.ts';
import type { Clients } from './clients.ts';
import { isTransactionCancelled, named } from './errors.ts';

const ledgerKey = { pk: 'ledger', sk: 'reservations' };
const grantKey = (taskGroup: string) => ({ pk: 'grant', sk: controlKey(taskGroup) });
const waiterKey = (taskGroup: string) => ({ pk: 'waiter', sk: controlKey(taskGroup) });

/** What AWS said is believed this long; a refusal is only believed when it is fresh. */
const freshForMs = 60_000;
const freshForRefusalMs = 5_000;

/** Who asked and never told is given up after this. */
const askingTakesMs = 5_000;
const lookForAnswerMs = 200;
const emptyLedger: Ledger = { accountLimit: 0, othersReserved: 0, granted: 0, refreshedAtMs: 0, revision: 0 };

export interface Settled {
  verdict: GrantVerdict;
  /** Groups that wait and would fit now, in order of arrival: they should be looked at. */
  next: string[];
}

type TransactItem = NonNullable<ConstructorParameters<typeof TransactWriteCommand>[0]['TransactItems']>[number];

export function reservations(clients: Pick<Clients, 'documents'>, table: string, clock: Clock, ownReserved: number) {
  const { documents } = clients;

  /**
   * Asks for `wanted` reserved concurrency in place of what the group holds; 0 gives all back. Granted or not, the
   * answer is stored: a group that must wait keeps its place in the order of its first asking.
   */
  async function settle(lambda: Clients['lambda'], taskGroup: string, wanted: number): Promise<Settled> {
    let maxAgeMs = freshForMs;
    for (;;) {
      const held = await heldBy(taskGroup);
      if (held === wanted && !(await isWaiting(taskGroup))) return { verdict: { granted: true }, next: [] };
      // The ledger before those who wait: one granted in between would count twice, as granted and as ahead of us.
      const ledger = await freshLedger(lambda, maxAgeMs);
      const waiters = await waiting();
      const waits = waiters.find((waiter) => waiter.taskGroup === taskGroup);
      const verdict = decideGrant(ledger, waiters, { taskGroup, held, wanted });
      if (verdict.granted) {
        const room = roomIn({ ...ledger, granted: ledger.granted + wanted - held });
        const others = waiters.filter((waiter) => waiter !== waits);
        const fitting = nextToGrant(room, others).map((waiter) => waiter.taskGroup);
        // Who gives room back tells all it now fits; who was granted tells one, that may have stood back for it: were every
        // grant to tell all, hints would multiply.
        const next = wanted <= held ? fitting : fitting.slice(0, 1);
        if (await store(grantWrites(ledger, taskGroup, held, wanted))) return { verdict, next };
      } else if (clock.nowMs() - ledger.refreshedAtMs > freshForRefusalMs) {
        maxAgeMs = freshForRefusalMs;
      } else {
        if (waits?.need !== verdict.need)
          await documents.send(new PutCommand({ TableName: table, Item: waiterRow(taskGroup, verdict.need, waits) }));
        return { verdict, next: verdict.next };
      }
    }
  }

  /** Gives up the group's place in the order, not what it holds. */
  async function stopWaiting(taskGroup: string): Promise<void> {
    await documents.send(new DeleteCommand({ TableName: table, Key: waiterKey(taskGroup) }));
  }

  /** Forgets what AWS said of the account, after it refused what the ledger had granted. */
  async function distrust(): Promise<void> {
    const ledger = await readLedger();
    if (ledger) await store([ledgerWrite(ledger, { refreshedAtMs: 0 })]);
  }

  function grantWrites(ledger: Ledger, taskGroup: string, held: number, wanted: number): TransactItem[] {
    return [
      ledgerWrite(ledger, { granted: ledger.granted + wanted - held }),
      wanted === 0
        ? { Delete: { TableName: table, Key: grantKey(taskGroup) } }
        : { Put: { TableName: table, Item: { ...grantKey(taskGroup), reserved: wanted } } },
      { Delete: { TableName: table, Key: waiterKey(taskGroup) } },
    ];
  }

  const waiterRow = (taskGroup: string, need: number, before: Waiter | undefined) => ({
    ...waiterKey(taskGroup),
    need,
    sinceMs: before?.sinceMs ?? clock.nowMs(),
  });

  function ledgerWrite(before: Ledger, changes: Partial<Ledger>): TransactItem {
    return {
      Put: {
        TableName: table,
        Item: { ...ledgerKey, ...before, ...changes, revision: before.revision + 1 },
        ConditionExpression: before.revision === 0 ? 'attribute_not_exists(pk)' : 'revision = :before',
        ...(before.revision === 0 ? {} : { ExpressionAttributeValues: { ':before': before.revision } }),
      },
    };
  }

  /** False where somebody else changed the ledger first. */
  async function store(items: TransactItem[]): Promise<boolean> {
    try {
      await documents.send(new TransactWriteCommand({ TransactItems: items }));
      return true;
    } catch (error) {
      if (isTransactionCancelled(error)) return false;
      throw error;
    }
  }

  /** Not older than `maxAgeMs`. Of many who find it old one asks AWS, for one call of the budget; the others wait for the answer. */
  async function freshLedger(lambda: Clients['lambda'], maxAgeMs: number): Promise<Ledger> {
    for (;;) {
      const known = (await readLedger()) ?? emptyLedger;
      const nowMs = clock.nowMs();
      if (nowMs - known.refreshedAtMs <= maxAgeMs) return known;
      if (nowMs - (known.askedAtMs ?? 0) < askingTakesMs) await clock.sleep(lookForAnswerMs);
      else if (await store([ledgerWrite(known, { askedAtMs: nowMs })])) await refresh(lambda);
    }
  }

  async function refresh(lambda: Clients['lambda']): Promise<void> {
    const answer = await askAws(lambda);
    for (;;) {
      const known = (await readLedger()) ?? emptyLedger;
      // What is granted but not yet put is not in AWS's figure; AWS itself refuses what that lets through.
      const othersReserved = Math.max(ownReserved, answer.reserved - known.granted);
      const { askedAtMs: _answered, ...ledger } = known;
      if (await store([ledgerWrite(ledger, { accountLimit: answer.accountLimit, othersReserved, refreshedAtMs: clock.nowMs() })])) return;
    }
  }

  async function askAws(lambda: Clients['lambda']): Promise<{ accountLimit: number; reserved: number }> {
    const { AccountLimit } = await named('GetAccountSettings', '', () => lambda.send(new GetAccountSettingsCommand({})));
    const accountLimit = AccountLimit?.ConcurrentExecutions ?? 0;
    return { accountLimit, reserved: accountLimit - (AccountLimit?.UnreservedConcurrentExecutions ?? accountLimit) };
  }

  async function readLedger(): Promise<Ledger | undefined> {
    const { Item } = await documents.send(new GetCommand({ TableName: table, Key: ledgerKey, ConsistentRead: true }));
    if (!Item) return undefined;
    const { pk: _pk, sk: _sk, ...ledger } = Item;
    return ledger as Ledger;
  }

  /** What the ledger says the group holds. */
  async function heldBy(taskGroup: string): Promise<number> {
    const { Item } = await documents.send(new GetCommand({ TableName: table, Key: grantKey(taskGroup), ConsistentRead: true }));
    return Number(Item?.reserved ?? 0);
  }

  async function isWaiting(taskGroup: string): Promise<boolean> {
    const { Item } = await documents.send(new GetCommand({ TableName: table, Key: waiterKey(taskGroup), ConsistentRead: true }));
    return Item !== undefined;
  }

  async function waiting(): Promise<Waiter[]> {
    const found: Waiter[] = [];
    let start: Record<string, unknown> | undefined;
    do {
      const page: QueryCommandOutput = await documents.send(
        new QueryCommand({
          TableName: table,
          KeyConditionExpression: 'pk = :waiter',
          ExpressionAttributeValues: { ':waiter': 'waiter' },
          ConsistentRead: true,
          ...(start ? { ExclusiveStartKey: start } : {}),
        }),
      );
      found.push(
        ...(page.Items ?? []).map((item) => ({ taskGroup: String(item.sk), need: Number(item.need), sinceMs: Number(item.sinceMs) })),
      );
      start = page.LastEvaluatedKey;
    } while (start);
    return found;
  }

  /** For people: as it was when somebody last asked. */
  const known = readLedger;

  return { settle, heldBy, stopWaiting, distrust, known };
}
export type Reservations = ReturnType<typeof reservations>;
