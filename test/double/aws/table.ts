/**
 * One DynamoDB table: keys, items, conditions and pages. It reads no commands; those are in `dynamodb.ts`.
 */
import { AwsError } from './errors.ts';
import { type Condition, invalidExpression } from './expression-parser.ts';
import { holds, type Item } from './expressions.ts';
import { withoutUndefined } from './service.ts';

export interface KeySchema {
  hash: string;
  range?: string;
}

export interface TableDefinition extends KeySchema {
  name: string;
  /** Global secondary indexes by name. */
  indexes?: Record<string, KeySchema>;
  /** Attribute whose epoch seconds the time-to-live watches. */
  ttl?: string;
}

export interface Change {
  table: string;
  keys: Item;
  before: Item | undefined;
  after: Item | undefined;
  atMs: number;
}

export interface PageRequest {
  keyCondition?: Condition;
  filter?: Condition | undefined;
  index?: string | undefined;
  after?: Item | undefined;
  limit?: number | undefined;
  backward?: boolean;
}

interface Stored {
  item: Item;
  before: Item | undefined;
  writtenMs: number;
}

export class Table {
  readonly definition: TableDefinition;
  readonly #stored = new Map<string, Stored>();
  /** Keys by hash value, so that a query need not look at every item. */
  readonly #keysOf = new Map<string, Set<string>>();
  #sorted: string[] | undefined;
  readonly #limits: { itemBytes: number; pageBytes: number };

  constructor(definition: TableDefinition, limits: { itemBytes: number; pageBytes: number }) {
    this.definition = definition;
    this.#limits = limits;
  }

  items(): Item[] {
    return this.#keysInOrder().map((key) => withoutUndefined((this.#stored.get(key) as Stored).item) as Item);
  }

  /** The items of one hash key, in order. */
  partition(hash: string): Item[] {
    return [...(this.#keysOf.get(hash) ?? [])].sort().map((key) => withoutUndefined((this.#stored.get(key) as Stored).item) as Item);
  }

  /** How many items fit, without copying any. */
  count(fits: (item: Readonly<Item>) => boolean): number {
    let found = 0;
    for (const { item } of this.#stored.values()) if (fits(item)) found += 1;
    return found;
  }

  /** The item's key in text; throws where it is not the table's key. */
  keyText(keys: Item, exact: boolean): string {
    const names = keyNames(this.definition);
    for (const name of names) {
      const value = keys[name];
      if (value === undefined)
        throw invalidExpression(
          exact
            ? 'The provided key element does not match the schema'
            : `One or more parameter values were invalid: Missing the key ${name} in the item`,
        );
      if (value === '')
        throw invalidExpression(
          `One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: ${name}`,
        );
      if (typeof value !== 'string' && typeof value !== 'number')
        throw invalidExpression(`One or more parameter values were invalid: Type mismatch for key ${name}`);
    }
    if (exact && Object.keys(keys).length !== names.length) throw invalidExpression('The provided key element does not match the schema');
    return names.map((name) => String(keys[name])).join('\0');
  }

  get(key: string): Item | undefined {
    return this.#stored.get(key)?.item;
  }

  /** The item as an eventually consistent read may still see it. */
  getOld(key: string, sinceMs: number): Item | undefined {
    const stored = this.#stored.get(key);
    return stored && stored.writtenMs > sinceMs ? stored.before : stored?.item;
  }

  write(key: string, item: Item | undefined, nowMs: number): Change | undefined {
    const before = this.#stored.get(key)?.item;
    if (item) {
      checkItem(item, this.#limits.itemBytes);
      if (!this.#stored.has(key)) this.#list(key);
      this.#stored.set(key, { item, before, writtenMs: nowMs });
    } else if (this.#stored.delete(key)) this.#unlist(key);
    // A write that changes nothing reaches no stream.
    if (JSON.stringify(before) === JSON.stringify(item)) return undefined;
    return {
      table: this.definition.name,
      keys: pick((item ?? before) as Item, keyNames(this.definition)),
      before,
      after: item,
      atMs: nowMs,
    };
  }

  /** Items in order up to `limit` looked at or a page's bytes, and the key to go on from. */
  page(request: PageRequest): { items: Item[]; scanned: number; lastKey: Item | undefined } {
    const candidates = this.#candidates(request);
    const start = request.after === undefined ? 0 : this.#startAfter(candidates, request);
    const items: Item[] = [];
    let bytes = 0;
    let at = start;
    for (; at < candidates.length && at - start < (request.limit ?? Number.POSITIVE_INFINITY) && bytes < this.#limits.pageBytes; at += 1) {
      const item = candidates[at] as Item;
      bytes += itemBytes(item);
      if (!request.filter || holds(request.filter, item)) items.push(item);
    }
    const last = candidates[at - 1];
    // As on AWS, a page that its limit ended names a last key even where nothing follows.
    const ended = at >= candidates.length && at - start < (request.limit ?? Number.POSITIVE_INFINITY);
    const names = [...new Set([...keyNames(this.definition), ...(request.index ? keyNames(this.#schema(request.index)) : [])])];
    return { items, scanned: at - start, lastKey: ended || !last ? undefined : pick(last, names) };
  }

  #candidates(request: PageRequest): Item[] {
    const { keyCondition } = request;
    const schema = this.#schema(request.index);
    const hash = keyCondition && request.index === undefined ? hashValue(keyCondition, schema.hash) : undefined;
    const keys = hash === undefined ? this.#keysInOrder() : [...(this.#keysOf.get(hash) ?? [])].sort();
    const all = keys.map((key) => (this.#stored.get(key) as Stored).item);
    const indexed = request.index === undefined ? all : all.filter((item) => keyNames(schema).every((name) => item[name] !== undefined));
    const found = keyCondition ? indexed.filter((item) => holds(keyCondition, item)) : indexed;
    const { range } = schema;
    if (keyCondition && range) found.sort((a, b) => ((a[range] as string | number) < (b[range] as string | number) ? -1 : 1));
    return request.backward ? found.reverse() : found;
  }

  #startAfter(candidates: Item[], request: PageRequest): number {
    const names = keyNames(this.definition);
    const exact = candidates.findIndex((item) => names.every((name) => item[name] === request.after?.[name]));
    if (exact >= 0) return exact + 1;
    const afterKey = this.keyText(pick(request.after as Item, names), true);
    const later = candidates.findIndex((item) => this.keyText(pick(item, names), true) > afterKey);
    return later < 0 ? candidates.length : later;
  }

  #schema(index: string | undefined): KeySchema {
    if (index === undefined) return this.definition;
    const schema = this.definition.indexes?.[index];
    if (!schema) throw invalidExpression(`The table does not have the specified index: ${index}`);
    return schema;
  }

  /** Throws unless the condition names the hash key by `=` and nothing but keys. */
  checkKeyCondition(condition: Condition, index: string | undefined): void {
    const schema = this.#schema(index);
    const parts = conjuncts(condition);
    const hashes = parts.filter((part) => part.kind === 'compare' && part.operator === '=' && isPath(part.left, schema.hash));
    const ranges = parts.filter(
      (part) =>
        (part.kind === 'compare' && isPath(part.left, schema.range)) ||
        ((part.kind === 'between' || part.kind === 'begins_with') && isPath(part.value, schema.range)),
    );
    if (hashes.length !== 1) throw invalidExpression(`Query condition missed key schema element: ${schema.hash}`);
    if (hashes.length + ranges.length !== parts.length || ranges.length > 1) throw invalidExpression('Query key condition not supported');
  }

  #list(key: string): void {
    this.#sorted = undefined;
    const hash = hashOf(key);
    const keys = this.#keysOf.get(hash) ?? new Set();
    this.#keysOf.set(hash, keys.add(key));
  }

  #unlist(key: string): void {
    this.#sorted = undefined;
    this.#keysOf.get(hashOf(key))?.delete(key);
  }

  #keysInOrder(): string[] {
    this.#sorted ??= [...this.#stored.keys()].sort();
    return this.#sorted;
  }
}

const hashOf = (key: string) => key.split('\0')[0] as string;

/** The value that a query asks the hash key to have. */
function hashValue(condition: Condition, name: string): string | undefined {
  const part = conjuncts(condition).find(
    (candidate) => candidate.kind === 'compare' && candidate.operator === '=' && isPath(candidate.left, name),
  );
  return part?.kind === 'compare' && part.right.kind === 'value' ? String(part.right.value) : undefined;
}

function conjuncts(condition: Condition): Condition[] {
  return condition.kind === 'and' ? [...conjuncts(condition.left), ...conjuncts(condition.right)] : [condition];
}

const isPath = (operand: { kind: string; parts?: string[] }, name: string | undefined) =>
  name !== undefined && operand.kind === 'path' && operand.parts?.length === 1 && operand.parts[0] === name;

const keyNames = (schema: KeySchema) => [schema.hash, ...(schema.range === undefined ? [] : [schema.range])];

const pick = (item: Item, names: readonly string[]): Item => Object.fromEntries(names.map((name) => [name, item[name]]));

export const itemBytes = (item: Item) => JSON.stringify(item).length;

function checkItem(item: Item, maxBytes: number): void {
  checkValue(item);
  if (itemBytes(item) > maxBytes && Buffer.byteLength(JSON.stringify(item)) > maxBytes)
    throw invalidExpression('Item size has exceeded the maximum allowed size');
}

/** What the document client cannot marshal. */
function checkValue(value: unknown): void {
  if (typeof value === 'number' && !Number.isFinite(value)) throw new Error(`Special numeric value ${value} is not allowed`);
  if (typeof value === 'function' || typeof value === 'bigint' || value instanceof Date)
    throw new Error('Unsupported type passed. Pass options.convertClassInstanceToMap=true to marshall typeof object as map attribute.');
  if (value instanceof Set && value.size === 0) throw new Error('Pass a non-empty set, or options.convertEmptyValues=true.');
  if (value === null || typeof value !== 'object' || value instanceof Set) return;
  for (const inner of Object.values(value)) checkValue(inner);
}

export const conditionFailed = () => new AwsError('ConditionalCheckFailedException', 'The conditional request failed');
