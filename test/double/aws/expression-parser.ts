/**
 * DynamoDB's expression language (Developer guide, Expressions.OperatorsAndFunctions, Expressions.UpdateExpressions) as
 * trees. Only what is listed here is known; anything else throws. Evaluation is in `expressions.ts`.
 */
import { AwsError, NotInDouble } from './errors.ts';

export type Path = { kind: 'path'; parts: string[] };
export type Operand =
  | Path
  | { kind: 'value'; value: unknown }
  | { kind: 'size'; path: Path }
  | { kind: 'if_not_exists'; path: Path; fallback: Operand }
  | { kind: 'list_append'; left: Operand; right: Operand }
  | { kind: 'sum'; left: Operand; right: Operand; sign: 1 | -1 };
export type Condition =
  | { kind: 'compare'; operator: string; left: Operand; right: Operand }
  | { kind: 'between'; value: Operand; low: Operand; high: Operand }
  | { kind: 'in'; value: Operand; among: Operand[] }
  | { kind: 'exists'; path: Path; wanted: boolean }
  | { kind: 'begins_with' | 'contains'; value: Operand; other: Operand }
  | { kind: 'and' | 'or'; left: Condition; right: Condition }
  | { kind: 'not'; inner: Condition };
export type Change =
  | { kind: 'set'; path: Path; value: Operand }
  | { kind: 'remove'; path: Path }
  | { kind: 'add' | 'delete'; path: Path; value: Operand };

export interface Substitutes {
  ExpressionAttributeNames?: Record<string, string> | undefined;
  ExpressionAttributeValues?: Record<string, unknown> | undefined;
}

/** What has been used of the substitutes; DynamoDB refuses a request that brings more. */
export class Used {
  readonly names = new Set<string>();
  readonly values = new Set<string>();

  checkAll(substitutes: Substitutes): void {
    const spareName = Object.keys(substitutes.ExpressionAttributeNames ?? {}).find((name) => !this.names.has(name));
    if (spareName) throw invalidExpression(`Value provided in ExpressionAttributeNames unused in expressions: keys: {${spareName}}`);
    const spareValue = Object.keys(substitutes.ExpressionAttributeValues ?? {}).find((name) => !this.values.has(name));
    if (spareValue) throw invalidExpression(`Value provided in ExpressionAttributeValues unused in expressions: keys: {${spareValue}}`);
  }
}

export const invalidExpression = (message: string) => new AwsError('ValidationException', message);

/** Words that must be written as `#name`; those of DynamoDB's 573 that this project might use (ReservedWords). */
const reservedWords = new Set(
  'ABORT ACTION ADD ALL AND ANY AS ATTRIBUTES BATCH BEGIN BETWEEN BUCKET BY CHANGE CODE CONDITION CONFIGURATION CONNECTION CONSUMED COUNT COUNTER CURRENT DATA DATE DAY DELETE DROP END ENV ERROR EXISTS EXPIRES FAIL FILE FILTER FIRST FROM FUNCTION GROUP HASH HISTORY HOUR IN INDEX INNER ITEMS KEY KEYS LAST LEFT LEVEL LIMIT LIST LOCATION LOCK LOG MAP MAX MESSAGE MIN MODE MODULE NAME NAMES NEXT NOT NULL NUMBER OBJECT OF ON OPTION OR ORDER OWNER PATH PERCENT POINT POINTER PRIMARY PROPERTIES QUEUE RANGE RATE READ REGION RELEASE REMOVE RESOURCE RESOURCES ROLE ROLES ROW ROWS SECOND SET SIZE SOURCE START STATE STATUS STREAM SUM TABLE TEXT TIME TIMESTAMP TO TOKEN TOTAL TTL TYPE UNIT UPDATE USE USER UUID VALUE VALUES VARIABLES VERSION VIEW WHERE WITH WORK WRITE YEAR'.split(
    ' ',
  ),
);

export function parseCondition(text: string, substitutes: Substitutes, used: Used): Condition {
  const parser = new Parser(text, substitutes, used);
  const condition = parser.condition();
  parser.end();
  return condition;
}

export function parseUpdate(text: string, substitutes: Substitutes, used: Used): Change[] {
  return new Parser(text, substitutes, used).update();
}

export function parseProjection(text: string, substitutes: Substitutes, used: Used): Path[] {
  const parser = new Parser(text, substitutes, used);
  const paths = parser.separated(() => parser.path());
  parser.end();
  return paths;
}

const tokenPattern = /\s*(<>|<=|>=|[=<>(),+\-.]|[#:]?[A-Za-z0-9_]+)/y;

function tokenize(text: string): string[] {
  const tokens: string[] = [];
  tokenPattern.lastIndex = 0;
  while (tokenPattern.lastIndex < text.trimEnd().length) {
    const at = tokenPattern.lastIndex;
    const match = tokenPattern.exec(text);
    if (!match) throw new NotInDouble(`expression "${text}" at ${at}`);
    tokens.push(match[1] as string);
  }
  return tokens;
}

class Parser {
  readonly #text: string;
  readonly #tokens: string[];
  readonly #substitutes: Substitutes;
  readonly #used: Used;
  #at = 0;

  constructor(text: string, substitutes: Substitutes, used: Used) {
    if (text.trim() === '') throw invalidExpression('Invalid expression: The expression can not be empty;');
    this.#text = text;
    this.#tokens = tokenize(text);
    this.#substitutes = substitutes;
    this.#used = used;
  }

  condition(): Condition {
    let left = this.#conjunction();
    while (this.#takeWord('OR')) left = { kind: 'or', left, right: this.#conjunction() };
    return left;
  }

  #conjunction(): Condition {
    let left = this.#negation();
    while (this.#takeWord('AND')) left = { kind: 'and', left, right: this.#negation() };
    return left;
  }

  #negation(): Condition {
    return this.#takeWord('NOT') ? { kind: 'not', inner: this.#negation() } : this.#primary();
  }

  #primary(): Condition {
    if (this.#take('(')) {
      const inner = this.condition();
      this.#expect(')');
      return inner;
    }
    return this.#called() ?? this.#comparison();
  }

  #called(): Condition | undefined {
    const name = this.#peek();
    if (this.#tokens[this.#at + 1] !== '(' || name === 'size') return undefined;
    this.#at += 2;
    const condition = this.#callOf(name ?? '');
    this.#expect(')');
    return condition;
  }

  #callOf(name: string): Condition {
    if (name === 'attribute_exists' || name === 'attribute_not_exists')
      return { kind: 'exists', path: this.path(), wanted: name === 'attribute_exists' };
    if (name !== 'begins_with' && name !== 'contains') throw new NotInDouble(`condition function ${name}`);
    const value = this.#operand();
    this.#expect(',');
    return { kind: name, value, other: this.#operand() };
  }

  #comparison(): Condition {
    const left = this.#operand();
    if (this.#takeWord('BETWEEN')) {
      const low = this.#operand();
      if (!this.#takeWord('AND')) throw this.#unexpected();
      return { kind: 'between', value: left, low, high: this.#operand() };
    }
    if (this.#takeWord('IN')) {
      this.#expect('(');
      const among = this.separated(() => this.#operand());
      this.#expect(')');
      return { kind: 'in', value: left, among };
    }
    const operator = this.#next();
    if (!['=', '<>', '<', '<=', '>', '>='].includes(operator)) throw this.#unexpected(operator);
    return { kind: 'compare', operator, left, right: this.#operand() };
  }

  update(): Change[] {
    const changes: Change[] = [];
    const seen = new Set<string>();
    while (this.#peek() !== undefined) {
      const section = this.#next().toUpperCase();
      if (seen.has(section))
        throw invalidExpression(`Invalid UpdateExpression: The "${section}" section can only be used once in an update expression;`);
      seen.add(section);
      changes.push(...this.separated(() => this.#change(section)));
    }
    refuseOverlaps(changes);
    return changes;
  }

  #change(section: string): Change {
    if (section === 'REMOVE') return { kind: 'remove', path: this.path() };
    if (section === 'ADD') return { kind: 'add', path: this.path(), value: this.#operand() };
    if (section === 'DELETE') return { kind: 'delete', path: this.path(), value: this.#operand() };
    if (section !== 'SET') throw new NotInDouble(`update section ${section} in "${this.#text}"`);
    const path = this.path();
    this.#expect('=');
    return { kind: 'set', path, value: this.#sum() };
  }

  #sum(): Operand {
    const left = this.#operand();
    if (this.#take('+')) return { kind: 'sum', left, right: this.#operand(), sign: 1 };
    if (this.#take('-')) return { kind: 'sum', left, right: this.#operand(), sign: -1 };
    return left;
  }

  #operand(): Operand {
    const token = this.#peek();
    if (token?.startsWith(':')) return { kind: 'value', value: this.#value() };
    if (this.#tokens[this.#at + 1] === '(') return this.#operandCall();
    return this.path();
  }

  #operandCall(): Operand {
    const name = this.#next();
    this.#expect('(');
    const operand = this.#operandCallOf(name);
    this.#expect(')');
    return operand;
  }

  #operandCallOf(name: string): Operand {
    if (name === 'size') return { kind: 'size', path: this.path() };
    if (name === 'if_not_exists') {
      const path = this.path();
      this.#expect(',');
      return { kind: 'if_not_exists', path, fallback: this.#operand() };
    }
    if (name !== 'list_append') throw new NotInDouble(`function ${name}`);
    const left = this.#operand();
    this.#expect(',');
    return { kind: 'list_append', left, right: this.#operand() };
  }

  path(): Path {
    const parts = [this.#name()];
    while (this.#take('.')) parts.push(this.#name());
    return { kind: 'path', parts };
  }

  separated<T>(parse: () => T): T[] {
    const parsed = [parse()];
    while (this.#take(',')) parsed.push(parse());
    return parsed;
  }

  end(): void {
    if (this.#peek() !== undefined) throw this.#unexpected(this.#peek());
  }

  #name(): string {
    const token = this.#next();
    if (token.startsWith('#')) {
      const name = this.#substitutes.ExpressionAttributeNames?.[token];
      if (name === undefined)
        throw invalidExpression(`An expression attribute name used in the document path is not defined; attribute name: ${token}`);
      this.#used.names.add(token);
      return name;
    }
    if (!/^[A-Za-z]\w*$/.test(token)) throw this.#unexpected(token);
    if (reservedWords.has(token.toUpperCase())) throw invalidExpression(`Attribute name is a reserved keyword; reserved keyword: ${token}`);
    return token;
  }

  #value(): unknown {
    const token = this.#next();
    const values = this.#substitutes.ExpressionAttributeValues ?? {};
    if (!(token in values))
      throw invalidExpression(`An expression attribute value used in expression is not defined; attribute value: ${token}`);
    this.#used.values.add(token);
    return values[token];
  }

  #peek(): string | undefined {
    return this.#tokens[this.#at];
  }

  #next(): string {
    const token = this.#tokens[this.#at];
    if (token === undefined) throw this.#unexpected('the end');
    this.#at += 1;
    return token;
  }

  #take(token: string): boolean {
    if (this.#tokens[this.#at] !== token) return false;
    this.#at += 1;
    return true;
  }

  #takeWord(word: string): boolean {
    if (this.#tokens[this.#at]?.toUpperCase() !== word) return false;
    this.#at += 1;
    return true;
  }

  #expect(token: string): void {
    if (!this.#take(token)) throw this.#unexpected(this.#peek());
  }

  #unexpected(token?: string): Error {
    return invalidExpression(`Invalid expression: Syntax error; token: "${token ?? ''}", near: "${this.#text}"`);
  }
}

/** "Two document paths overlap with each other" (Expressions.UpdateExpressions). */
function refuseOverlaps(changes: Change[]): void {
  const paths = changes.map((change) => change.path.parts.join('\0'));
  for (const [i, path] of paths.entries()) {
    const other = paths.find((candidate, j) => j !== i && (candidate === path || candidate.startsWith(`${path}\0`)));
    if (other !== undefined)
      throw invalidExpression(
        'Invalid UpdateExpression: Two document paths overlap with each other; must remove or rewrite one of these paths;',
      );
  }
}
