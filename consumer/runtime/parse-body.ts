/** The body as the task function takes it: JSON or text, then the author's schema. What does not fit is a DATA error. */
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { DataError } from '../errors.ts';
import type { Definition } from './definition.ts';

const mostIssues = 10;

export function parseBody(text: string, { body, schema }: Pick<Definition, 'body' | 'schema'>): unknown | Promise<unknown> {
  const value = body === 'text' ? text : parseJson(text);
  if (schema === undefined) return value;
  const checked = schema['~standard'].validate(value);
  return checked instanceof Promise ? checked.then(checkedValue) : checkedValue(checked);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new DataError(`body: is not JSON (${(cause as Error).message}); a consumer with body: 'text' takes any`, { cause });
  }
}

function checkedValue(checked: StandardSchemaV1.Result<unknown>): unknown {
  if (checked.issues === undefined) return checked.value;
  const told = checked.issues.slice(0, mostIssues).map((issue) => `${pathText(issue.path)}: ${issue.message}`);
  const more = checked.issues.length - told.length;
  throw new DataError(`${told.join('; ')}${more > 0 ? `; and ${more} more` : ''}`);
}

function pathText(path: StandardSchemaV1.Issue['path']): string {
  const keys = (path ?? []).map((part) => String(typeof part === 'object' ? part.key : part));
  return ['body', ...keys].join('.');
}
