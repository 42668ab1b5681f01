/** DynamoDB behind the document client: the commands, their conditions and transactions. Changes go to `onChange`. */
import {
  BatchGetCommand,
  BatchWriteCommand,
  DeleteCommand,
  GetCommand,
  PutCommand,
  QueryCommand,
  ScanCommand,
  TransactGetCommand,
  TransactWriteCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import type { VirtualClock } from '../virtual-clock.ts';
import { AwsError, NotInDouble } from './errors.ts';
import { invalidExpression, parseCondition, parseProjection, parseUpdate, type Substitutes, Used } from './expression-parser.ts';
import { changed, holds, type Item, projected, same } from './expressions.ts';
import type { Random } from './random.ts';
import { type Operations, on, withoutUndefined } from './service.ts';
import type { DoubleSettings } from './settings.ts';
import { type Change, conditionFailed, itemBytes, type PageRequest, Table, type TableDefinition } from './table.ts';

interface Input extends Substitutes {
  TableName?: string | undefined;
  ConditionExpression?: string | undefined;
  UpdateExpression?: string | undefined;
  ProjectionExpression?: string | undefined;
  Key?: Item | undefined;
  Item?: Item | undefined;
  ConsistentRead?: boolean | undefined;
  ReturnValues?: string | undefined;
  ReturnValuesOnConditionCheckFailure?: string | undefined;
}

interface PageInput extends Input {
  KeyConditionExpression?: string | undefined;
  FilterExpression?: string | undefined;
  IndexName?: string | undefined;
  ExclusiveStartKey?: Item | undefined;
  Limit?: number | undefined;
  ScanIndexForward?: boolean | undefined;
  Select?: string | undefined;
  Segment?: number | undefined;
}

/** A write whose condition is checked and whose item is known, not yet done. */
interface Prepared {
  table: Table;
  key: string;
  passes: boolean;
  before: Item | undefined;
  after: () => Item | undefined;
}

type Kind = 'Put' | 'Update' | 'Delete' | 'ConditionCheck';

export class DynamoDouble {
  readonly operations: Operations;
  readonly #clock: VirtualClock;
  readonly #settings: DoubleSettings['dynamodb'];
  readonly #random: Random;
  readonly #tables = new Map<string, Table>();
  readonly #transacted = new WeakSet<object>();
  onChange: (change: Change) => void = () => {};

  constructor(clock: VirtualClock, settings: DoubleSettings, random: Random) {
    this.#clock = clock;
    this.#settings = settings.dynamodb;
    this.#random = random;
    this.operations = new Map([
      on(GetCommand, (input) => this.#get(input)),
      on(PutCommand, (input) => this.#writeOne('Put', input)),
      on(UpdateCommand, (input) => this.#writeOne('Update', input)),
      on(DeleteCommand, (input) => this.#writeOne('Delete', input)),
      on(QueryCommand, (input) => this.#page(input as PageInput, true)),
      on(ScanCommand, (input) => this.#page(input as PageInput, false)),
      on(TransactWriteCommand, (input, { command }) => this.#transactionOnce(input.TransactItems ?? [], command)),
      on(TransactGetCommand, (input) => ({
        Responses: (input.TransactItems ?? []).map((entry) => this.#get({ ...(entry.Get as Input), ConsistentRead: true })),
      })),
      on(BatchGetCommand, (input) => this.#batchGet((input.RequestItems ?? {}) as Record<string, { Keys?: Item[] } & Input>)),
      on(BatchWriteCommand, (input) =>
        this.#batchWrite((input.RequestItems ?? {}) as Record<string, { PutRequest?: { Item: Item }; DeleteRequest?: { Key: Item } }[]>),
      ),
    ]);
  }

  createTable(definition: TableDefinition): Table {
    const table = new Table(definition, this.#settings);
    this.#tables.set(definition.name, table);
    return table;
  }

  table(name: string | undefined): Table {
    const table = this.#tables.get(name ?? '');
    if (!table) throw new AwsError('ResourceNotFoundException', 'Requested resource not found', 400);
    return table;
  }

  /** Writes an item as a user would, at once. */
  put(tableName: string, item: Item): void {
    const table = this.table(tableName);
    this.#write(table, table.keyText(item, false), withoutUndefined(item) as Item);
  }

  delete(tableName: string, key: Item): void {
    const table = this.table(tableName);
    this.#write(table, table.keyText(key, true), undefined);
  }

  read(tableName: string, key: Item): Item | undefined {
    const table = this.table(tableName);
    return withoutUndefined(table.get(table.keyText(key, true))) as Item | undefined;
  }

  /** Deletes what the time-to-live has run out for, as DynamoDB does some time after. */
  expire(): void {
    for (const table of this.#tables.values()) {
      const { ttl } = table.definition;
      if (ttl === undefined) continue;
      for (const item of table.items()) {
        if (typeof item[ttl] === 'number' && (item[ttl] as number) * 1_000 < this.#clock.nowMs())
          this.#write(table, table.keyText(item, false), undefined);
      }
    }
  }

  #write(table: Table, key: string, item: Item | undefined): void {
    const change = table.write(key, item, this.#clock.nowMs());
    if (change) this.onChange(change);
  }

  #get(input: Input): { Item?: Item } {
    const table = this.table(input.TableName);
    const used = new Used();
    const key = table.keyText(input.Key ?? {}, true);
    const paths = input.ProjectionExpression === undefined ? undefined : parseProjection(input.ProjectionExpression, input, used);
    used.checkAll(input);
    const old = !input.ConsistentRead && this.#settings.staleMs > 0 && this.#random() < 0.5;
    const item = old ? table.getOld(key, this.#clock.nowMs() - this.#settings.staleMs) : table.get(key);
    if (!item) return {};
    return { Item: paths ? projected(item, paths) : (withoutUndefined(item) as Item) };
  }

  #writeOne(kind: Kind, input: Input): object {
    const prepared = this.#prepare(kind, input);
    if (!prepared.passes) {
      if (input.ReturnValuesOnConditionCheckFailure) throw new NotInDouble('ReturnValuesOnConditionCheckFailure');
      throw conditionFailed();
    }
    const after = prepared.after();
    this.#write(prepared.table, prepared.key, after);
    return returned(kind, input.ReturnValues ?? 'NONE', prepared.before, after);
  }

  #prepare(kind: Kind, input: Input): Prepared {
    const table = this.table(input.TableName);
    const used = new Used();
    const key = kind === 'Put' ? table.keyText(input.Item ?? {}, false) : table.keyText(input.Key ?? {}, true);
    const condition = input.ConditionExpression === undefined ? undefined : parseCondition(input.ConditionExpression, input, used);
    const changes = input.UpdateExpression === undefined ? [] : parseUpdate(input.UpdateExpression, input, used);
    if (changes.some((change) => input.Key && change.path.parts[0] !== undefined && change.path.parts[0] in input.Key)) {
      throw invalidExpression('One or more parameter values were invalid: Cannot update attribute. This attribute is part of the key');
    }
    used.checkAll(input);
    const before = table.get(key);
    const after = () => {
      if (kind === 'Put') return withoutUndefined(input.Item) as Item;
      if (kind === 'Delete') return undefined;
      return kind === 'Update' ? changed(before ?? { ...input.Key }, changes) : before;
    };
    return { table, key, passes: !condition || holds(condition, before ?? {}), before, after };
  }

  #page(input: PageInput, isQuery: boolean): object {
    if (input.Segment !== undefined) throw new NotInDouble('parallel Scan');
    const table = this.table(input.TableName);
    const used = new Used();
    const request: PageRequest = {
      index: input.IndexName,
      after: input.ExclusiveStartKey,
      limit: input.Limit,
      backward: input.ScanIndexForward === false,
    };
    if (isQuery) {
      request.keyCondition = parseCondition(input.KeyConditionExpression ?? '', input, used);
      table.checkKeyCondition(request.keyCondition, input.IndexName);
    }
    if (input.FilterExpression !== undefined) request.filter = parseCondition(input.FilterExpression, input, used);
    const paths = input.ProjectionExpression === undefined ? undefined : parseProjection(input.ProjectionExpression, input, used);
    used.checkAll(input);
    const { items, scanned, lastKey } = table.page(request);
    return {
      ...(input.Select !== 'COUNT' && { Items: items.map((item) => (paths ? projected(item, paths) : withoutUndefined(item))) }),
      Count: items.length,
      ScannedCount: scanned,
      ...(lastKey && { LastEvaluatedKey: lastKey }),
    };
  }

  /**
   * The SDK gives each call a token of its own: made again after a lost answer, it is known as done already
   * (API_TransactWriteItems, ClientRequestToken; for 10 minutes, longer than the SDK tries).
   */
  #transactionOnce(actions: readonly object[], command: object): object {
    if (this.#transacted.has(command)) return {};
    const answer = this.#transaction(actions as Partial<Record<Kind, Input>>[]);
    this.#transacted.add(command);
    return answer;
  }

  #transaction(actions: readonly Partial<Record<Kind, Input>>[]): object {
    if (actions.length === 0 || actions.length > this.#settings.transactionActions)
      throw invalidExpression('Member must have length less than or equal to 100');
    const prepared = actions.map((action) => this.#prepareAction(action));
    const ids = prepared.map(({ table, key }) => `${table.definition.name}\0${key}`);
    if (new Set(ids).size < ids.length) throw invalidExpression('Transaction request cannot include multiple operations on one item');
    if (prepared.some(({ passes }) => !passes)) throw cancelled(prepared);
    const afters = prepared.map(({ after }) => after());
    const bytes = prepared.map(({ before }, i) => Math.max(...[before, afters[i]].map((item) => (item ? itemBytes(item) : 0))));
    if (bytes.reduce((sum, one) => sum + one, 0) > this.#settings.transactionBytes)
      throw invalidExpression('Transaction request exceeds the aggregate size of 4 MB');
    for (const [i, { table, key, before }] of prepared.entries()) if (!same(before, afters[i])) this.#write(table, key, afters[i]);
    return {};
  }

  #prepareAction(action: Partial<Record<Kind, Input>>): Prepared {
    const entries = Object.entries(action) as [Kind, Input][];
    const [first] = entries;
    if (entries.length !== 1 || !first) throw invalidExpression('TransactItems can only contain one of Check, Put, Update or Delete');
    return this.#prepare(first[0], first[1]);
  }

  #batchGet(requests: Record<string, { Keys?: Item[] } & Input>): object {
    const total = Object.values(requests).reduce((sum, request) => sum + (request.Keys ?? []).length, 0);
    if (total === 0 || total > 100) throw invalidExpression('Too many items requested for the BatchGetItem call');
    const responses = Object.entries(requests).map(([TableName, { Keys = [], ...rest }]) => {
      const texts = Keys.map((key) => this.table(TableName).keyText(key, true));
      if (new Set(texts).size < texts.length) throw invalidExpression('Provided list of item keys contains duplicates');
      return [TableName, Keys.flatMap((Key) => this.#get({ ...rest, TableName, Key }).Item ?? [])];
    });
    return { Responses: Object.fromEntries(responses), UnprocessedKeys: {} };
  }

  #batchWrite(requests: Record<string, { PutRequest?: { Item: Item }; DeleteRequest?: { Key: Item } }[]>): object {
    const total = Object.values(requests).reduce((sum, writes) => sum + writes.length, 0);
    if (total === 0 || total > 25) throw invalidExpression('Too many items requested for the BatchWriteItem call');
    for (const [TableName, writes] of Object.entries(requests)) {
      for (const write of writes) {
        if (write.PutRequest) this.#writeOne('Put', { TableName, Item: write.PutRequest.Item });
        else this.#writeOne('Delete', { TableName, Key: write.DeleteRequest?.Key });
      }
    }
    return { UnprocessedItems: {} };
  }
}

function returned(kind: Kind, wanted: string, before: Item | undefined, after: Item | undefined): object {
  if (wanted === 'NONE') return {};
  if (wanted === 'ALL_OLD') return before ? { Attributes: withoutUndefined(before) } : {};
  if (kind !== 'Update') throw invalidExpression('ReturnValues can only be ALL_OLD or NONE');
  if (wanted === 'ALL_NEW') return { Attributes: withoutUndefined(after) };
  const [from, other] = wanted === 'UPDATED_NEW' ? [after, before] : [before, after];
  const touched = Object.entries(from ?? {}).filter(([name, value]) => !same(value, other?.[name]));
  return { Attributes: withoutUndefined(Object.fromEntries(touched)) };
}

function cancelled(prepared: readonly Prepared[]): AwsError {
  const CancellationReasons = prepared.map(({ passes }) =>
    passes ? { Code: 'None' } : { Code: 'ConditionalCheckFailed', Message: 'The conditional request failed' },
  );
  const codes = CancellationReasons.map(({ Code }) => Code).join(', ');
  return new AwsError(
    'TransactionCanceledException',
    `Transaction cancelled, please refer cancellation reasons for specific reasons [${codes}]`,
    400,
    { CancellationReasons },
  );
}
