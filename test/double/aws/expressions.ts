/** Evaluates DynamoDB's expressions on plain JavaScript items. Items are never changed in place. */
import { type Change, type Condition, invalidExpression, type Operand, type Path } from './expression-parser.ts';
import { withoutUndefined } from './service.ts';

export type Item = Record<string, unknown>;

export function holds(condition: Condition, item: Item): boolean {
  switch (condition.kind) {
    case 'and':
      return holds(condition.left, item) && holds(condition.right, item);
    case 'or':
      return holds(condition.left, item) || holds(condition.right, item);
    case 'not':
      return !holds(condition.inner, item);
    case 'exists':
      return (valueAt(item, condition.path) !== undefined) === condition.wanted;
    case 'in':
      return condition.among.some((other) => same(resolved(condition.value, item), resolved(other, item)));
    case 'between':
      return (
        ordered('>=', resolved(condition.value, item), resolved(condition.low, item)) &&
        ordered('<=', resolved(condition.value, item), resolved(condition.high, item))
      );
    case 'begins_with':
      return startsWith(resolved(condition.value, item), resolved(condition.other, item));
    case 'contains':
      return contains(resolved(condition.value, item), resolved(condition.other, item));
    case 'compare':
      return compares(condition.operator, resolved(condition.left, item), resolved(condition.right, item));
  }
}

function compares(operator: string, left: unknown, right: unknown): boolean {
  if (operator === '=') return left !== undefined && same(left, right);
  if (operator === '<>') return left === undefined || right === undefined ? left !== right : !same(left, right);
  return ordered(operator, left, right);
}

/** Values of different types, and missing ones, are in no order. */
function ordered(operator: string, left: unknown, right: unknown): boolean {
  if (typeof left !== typeof right || (typeof left !== 'number' && typeof left !== 'string')) return false;
  const order = left < (right as typeof left) ? -1 : left > (right as typeof left) ? 1 : 0;
  return operator === '<' ? order < 0 : operator === '<=' ? order <= 0 : operator === '>' ? order > 0 : order >= 0;
}

const startsWith = (value: unknown, prefix: unknown) => typeof value === 'string' && typeof prefix === 'string' && value.startsWith(prefix);

function contains(value: unknown, part: unknown): boolean {
  if (typeof value === 'string') return typeof part === 'string' && value.includes(part);
  if (value instanceof Set) return value.has(part);
  return Array.isArray(value) && value.some((element) => same(element, part));
}

export function same(left: unknown, right: unknown): boolean {
  if (left instanceof Set && right instanceof Set) return left.size === right.size && [...left].every((element) => right.has(element));
  if (left === null || right === null || typeof left !== 'object' || typeof right !== 'object') return left === right;
  const keys = Object.keys(left);
  return keys.length === Object.keys(right).length && keys.every((key) => same((left as Item)[key], (right as Item)[key]));
}

function resolved(operand: Operand, item: Item): unknown {
  switch (operand.kind) {
    case 'value':
      return operand.value;
    case 'path':
      return valueAt(item, operand);
    case 'size':
      return sizeOf(valueAt(item, operand.path));
    case 'if_not_exists':
      return valueAt(item, operand.path) ?? resolved(operand.fallback, item);
    case 'list_append':
      return [...listOf(resolved(operand.left, item)), ...listOf(resolved(operand.right, item))];
    case 'sum':
      return numberOf(resolved(operand.left, item)) + operand.sign * numberOf(resolved(operand.right, item));
  }
}

function sizeOf(value: unknown): number | undefined {
  if (typeof value === 'string' || Array.isArray(value)) return value.length;
  if (value instanceof Set) return value.size;
  return value !== null && typeof value === 'object' ? Object.keys(value).length : undefined;
}

function listOf(value: unknown): unknown[] {
  if (!Array.isArray(value))
    throw invalidExpression('Invalid UpdateExpression: Incorrect operand type for operator or function; operator or function: list_append');
  return value;
}

function numberOf(value: unknown): number {
  if (value === undefined) throw invalidExpression('The provided expression refers to an attribute that does not exist in the item');
  if (typeof value !== 'number') throw invalidExpression('An operand in the update expression has an incorrect data type');
  return value;
}

export function valueAt(item: Item, path: Path): unknown {
  let value: unknown = item;
  for (const part of path.parts) {
    if (value === null || typeof value !== 'object' || value instanceof Set) return undefined;
    value = (value as Item)[part];
  }
  return value;
}

/** The item after `changes`; every operand sees the item as it was before (Expressions.UpdateExpressions). */
export function changed(item: Item, changes: readonly Change[]): Item {
  const result = withoutUndefined(item) as Item;
  for (const change of changes) {
    const parent = parentOf(result, change.path, change.kind !== 'remove' && change.kind !== 'delete');
    const name = change.path.parts.at(-1) as string;
    if (!parent) continue;
    if (change.kind === 'remove') delete parent[name];
    else if (change.kind === 'set') parent[name] = requireValue(resolved(change.value, item));
    else if (change.kind === 'add') parent[name] = added(parent[name], resolved(change.value, item));
    else removeFromSet(parent, name, resolved(change.value, item));
  }
  return result;
}

function requireValue(value: unknown): unknown {
  if (value === undefined) throw invalidExpression('The provided expression refers to an attribute that does not exist in the item');
  return withoutUndefined(value);
}

function parentOf(item: Item, path: Path, required: boolean): Item | undefined {
  let parent: unknown = item;
  for (const part of path.parts.slice(0, -1)) parent = (parent as Item | undefined)?.[part];
  if (parent !== null && typeof parent === 'object' && !Array.isArray(parent)) return parent as Item;
  if (required) throw invalidExpression('The document path provided in the update expression is invalid for update');
  return undefined;
}

function added(before: unknown, value: unknown): unknown {
  if (typeof value === 'number') return (before === undefined ? 0 : numberOf(before)) + value;
  if (value instanceof Set && (before === undefined || before instanceof Set)) return new Set([...(before ?? []), ...value]);
  throw invalidExpression('An operand in the update expression has an incorrect data type');
}

/** A set never stays empty: the attribute goes with its last element. */
function removeFromSet(parent: Item, name: string, value: unknown): void {
  const before = parent[name];
  if (before === undefined) return;
  if (!(before instanceof Set) || !(value instanceof Set))
    throw invalidExpression('An operand in the update expression has an incorrect data type');
  const left = new Set([...before].filter((element) => !value.has(element)));
  if (left.size > 0) parent[name] = left;
  else delete parent[name];
}

export function projected(item: Item, paths: readonly Path[]): Item {
  const result: Item = {};
  for (const path of paths) {
    const value = valueAt(item, path);
    if (value === undefined) continue;
    let parent = result;
    for (const part of path.parts.slice(0, -1)) parent = childOf(parent, part);
    parent[path.parts.at(-1) as string] = withoutUndefined(value);
  }
  return result;
}

function childOf(parent: Item, name: string): Item {
  const child = (parent[name] ?? {}) as Item;
  parent[name] = child;
  return child;
}
