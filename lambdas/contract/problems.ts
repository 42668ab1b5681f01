/**
 * Turns zod's issues into sentences a user can act on: path, rule, value. Values under `secrets` and
 * `function.environment`, and whole maps and lists, are never repeated, as somebody may have pasted a secret there.
 */
import type { z } from 'zod';

export function problemsOf(error: z.ZodError, input: unknown): string[] {
  return error.issues.flatMap((issue) => problemsOfIssue(issue as z.core.$ZodIssue, input));
}

/** One field at fault, as the HTTP API names it: the value stays with who sent it. */
export interface FieldError {
  /** `tasks.17.body`; the name of a query parameter or header. Empty for the whole. */
  field: string;
  message: string;
}

export const fieldErrors = (error: z.ZodError): FieldError[] =>
  error.issues.flatMap((issue) => fieldErrorsOf(issue as z.core.$ZodIssue, []));

function fieldErrorsOf(issue: z.core.$ZodIssue, above: PropertyKey[]): FieldError[] {
  const path = [...above, ...issue.path];
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => ({ field: pathText([...path, key]), message: 'unknown field' }));
  if (issue.code === 'invalid_key') return issue.issues.map((inner) => ({ field: pathText(path), message: `the name ${ruleText(inner)}` }));
  // What was most probably meant: the form that has the least against it.
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    const [nearest = []] = issue.errors.toSorted((a, b) => a.length - b.length);
    return nearest.flatMap((inner) => fieldErrorsOf(inner, path));
  }
  return [{ field: pathText(path), message: ruleText(issue) }];
}

function problemsOfIssue(issue: z.core.$ZodIssue, input: unknown): string[] {
  const path = pathText(issue.path);
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => `${path ? `${path}.` : ''}${key}: unknown field`);
  }
  if (issue.code === 'invalid_key') return issue.issues.map((inner) => `${path}: the name ${inner.message}`);
  return [`${path || 'item'}: ${ruleText(issue)}${tellsValue(issue) ? valueText(issue.path, input) : ''}`];
}

/** The rule that is broken, for a person; a rule with words of its own (a pattern, a refinement) keeps them. */
function ruleText(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'too_small':
      return `must be ${issue.inclusive ? 'at least' : 'more than'} ${issue.minimum}${unitOf(issue.origin)}`;
    case 'too_big':
      return `must be ${issue.inclusive ? 'at most' : 'less than'} ${issue.maximum}${unitOf(issue.origin)}`;
    case 'invalid_type':
      return `must be ${typeNames[issue.expected] ?? `of type ${issue.expected}`}`;
    case 'invalid_value':
      return `must be ${issue.values.map((value) => JSON.stringify(value)).join(' or ')}`;
    default:
      return issue.message;
  }
}

const unitOf = (origin: string) => (origin === 'string' ? ' characters long' : origin === 'array' ? ' entries long' : '');

const typeNames: Record<string, string> = {
  int: 'a whole number',
  number: 'a number',
  string: 'a text',
  boolean: 'true or false',
  object: 'a map',
  record: 'a map',
  array: 'a list',
};

const pathText = (path: PropertyKey[]) => path.map(String).join('.');

/** What stands where a map or list belongs may hold anything, secrets too. */
function tellsValue(issue: z.core.$ZodIssue): boolean {
  const { path } = issue;
  const inside = issue.code === 'invalid_type' && ['object', 'record', 'array'].includes(issue.expected);
  return path.length > 0 && path[0] !== 'secrets' && path[1] !== 'environment' && !inside;
}

function valueText(path: PropertyKey[], input: unknown): string {
  const value = path.reduce<unknown>((inner, key) => (inner as Record<PropertyKey, unknown> | undefined)?.[key], input);
  if (value === undefined || (typeof value === 'object' && value !== null)) return '';
  // A number of DynamoDB's that JavaScript's are too small for comes as a bigint, which JSON does not know.
  const text = typeof value === 'bigint' ? String(value) : JSON.stringify(value);
  return ` (got ${text.length > 80 ? `${text.slice(0, 77)}...` : text})`;
}
