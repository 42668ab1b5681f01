/** A request's body against the schema of its route; without one, where that has something to say without it. */
import type { z } from 'zod';
import { fieldErrors } from '../contract/problems.ts';
import { textProblems } from '../domain/job/request-rules.ts';
import { type BodyLimit, jsonBody } from '../framework/http/json-body.ts';
import { fieldProblem } from '../framework/http/problem.ts';
import type { Call } from './route.ts';

export interface BodyRules {
  limit: BodyLimit;
  /** An empty body is `{}`. */
  mayBeEmpty?: boolean;
  /** Fields of any JSON, which stay as they are. */
  json?: readonly string[];
}

export function parsedBody<S extends z.ZodType>(
  { request }: Call,
  schema: S,
  { limit, mayBeEmpty = false, json = [] }: BodyRules,
): z.output<S> {
  const body = mayBeEmpty && request.body.text.trim() === '' ? {} : jsonBody(request, limit);
  const parsed = schema.safeParse(body);
  if (!parsed.success) throw fieldProblem('invalid', fieldErrors(parsed.error));
  const texts = Object.entries(parsed.data ?? {}).filter(([name]) => !json.includes(name));
  const problems = textProblems(Object.fromEntries(texts));
  if (problems.length > 0) throw fieldProblem('invalid', problems);
  return parsed.data;
}
