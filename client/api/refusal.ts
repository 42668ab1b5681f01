/** From an answer that is none of success to an error that says what to do. Pure. */

import { Problem } from '../../lambdas/contract/job.ts';
import type { JobOperation } from '../../lambdas/contract/job-routes.ts';
import { SluiceApiError } from '../errors.ts';
import type { Raw } from './api.ts';

export function errorOf(operation: JobOperation, { status, text }: Raw, attempts: number): SluiceApiError {
  const problem = problemIn(text);
  return new SluiceApiError(problem ? sentence(problem) : withoutProblem(operation, status, text), status, problem, attempts);
}

function problemIn(text: string): Problem | undefined {
  try {
    return Problem.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

function sentence({ title, detail, errors = [] }: Problem): string {
  const fields = errors.map(({ field, message }) => (field === '' ? message : `${field}: ${message}`));
  // The detail names the first of them in any case.
  return [detail ?? title, ...(fields.length > 1 ? fields : [])].join('\n  ');
}

/** API Gateway itself, or something before it. */
function withoutProblem(operation: JobOperation, status: number, text: string): string {
  const said = text.length > 200 ? `${text.slice(0, 200)}…` : text;
  if (status === 403)
    return `The API refused ${operation} (403 ${said}): the credentials in use need execute-api:Invoke on it (docs/client.md), and must not have expired.`;
  return `The API answered ${operation} with ${status} ${said}`.trimEnd();
}
