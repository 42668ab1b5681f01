/** A request's query and headers against a schema: unknown parameters are refused, so that a mistyped filter is not a filter left out. */
import type { z } from 'zod';
import { fieldErrors } from '../../contract/problems.ts';
import { fieldProblem, HttpProblem } from './problem.ts';
import type { HttpRequest } from './request.ts';

export function queryOf<S extends z.ZodType>(request: HttpRequest, schema: S): z.output<S> {
  const values = parameters(request.rawQuery);
  const result = schema.safeParse(values);
  if (result.success) return result.data;
  throw fieldProblem('malformed', fieldErrors(result.error));
}

function parameters(rawQuery: string): Record<string, string> {
  const found = new Map<string, string>();
  for (const pair of rawQuery.split('&')) {
    if (pair === '') continue;
    const cut = pair.indexOf('=');
    const name = decoded(cut < 0 ? pair : pair.slice(0, cut));
    if (found.has(name)) throw fieldProblem('malformed', [{ field: name, message: 'must be there once' }]);
    found.set(name, cut < 0 ? '' : decoded(pair.slice(cut + 1)));
  }
  return Object.fromEntries(found);
}

/** As forms are encoded: `+` is a space. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw new HttpProblem('malformed', `The query is not percent-encoded: ${text.slice(0, 100)}`);
  }
}

/** One header; undefined where it is not there. */
export function headerOf<S extends z.ZodType>(request: HttpRequest, name: string, schema: S): z.output<S> | undefined {
  const value = request.headers.get(name.toLowerCase());
  if (value === undefined) return undefined;
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw fieldProblem(
    'malformed',
    fieldErrors(result.error).map(({ message }) => ({ field: name, message })),
  );
}
