/**
 * What is wrong with a request, as RFC 9457 has it. Thrown by whoever finds it, made an answer in one place. The kinds are
 * told to people in docs/jobs.md.
 *
 * 400: it cannot be read, or its query or headers are not what the route takes. 422: the body is JSON and breaks a rule.
 */
import type { Problem } from '../../contract/job.ts';
import type { FieldError } from '../../contract/problems.ts';

export const problemKinds = {
  malformed: { status: 400, title: 'The request cannot be read' },
  'token-missing': { status: 401, title: 'The token of the task is missing' },
  'token-wrong': { status: 403, title: 'The token is not of this task' },
  'token-unknown': { status: 401, title: 'The token is of no lease of the job' },
  'not-found': { status: 404, title: 'There is no such thing' },
  'wrong-method': { status: 405, title: 'The path does not take this method' },
  conflict: { status: 409, title: 'Not in the state it is in' },
  'lease-lost': { status: 409, title: 'The lease is over' },
  'too-large': { status: 413, title: 'The body is too large' },
  'not-json': { status: 415, title: 'Only JSON is taken' },
  invalid: { status: 422, title: 'The request breaks a rule' },
  'key-reused': { status: 422, title: 'The Idempotency-Key belongs to another request' },
  internal: { status: 500, title: 'Something of ours failed' },
  busy: { status: 503, title: 'Too much at once' },
} as const;
export type ProblemKind = keyof typeof problemKinds;

/** More of them help nobody, and a request of thousands of tasks can have thousands. */
const shownErrors = 100;

export class HttpProblem extends Error {
  readonly kind: ProblemKind;
  readonly errors: readonly FieldError[];
  readonly headers: Readonly<Record<string, string>>;

  constructor(kind: ProblemKind, detail: string, errors: readonly FieldError[] = [], headers: Record<string, string> = {}) {
    super(detail);
    this.name = 'HttpProblem';
    this.kind = kind;
    this.errors = errors;
    this.headers = headers;
  }

  get body(): Problem {
    const { status, title } = problemKinds[this.kind];
    const left = this.errors.length - shownErrors;
    const errors = [...this.errors.slice(0, shownErrors), ...(left > 0 ? [{ field: '', message: `and ${left} more` }] : [])];
    return { type: problemType(this.kind), title, status, detail: this.message, ...(errors.length === 0 ? {} : { errors }) };
  }
}

export const problemType = (kind: ProblemKind) => `docs/jobs.md#problem-${kind}`;

/** Every field at fault, and the first in one sentence. */
export function fieldProblem(kind: 'malformed' | 'invalid', errors: readonly FieldError[]): HttpProblem {
  const [first] = errors;
  const what = first === undefined ? problemKinds[kind].title : first.field === '' ? first.message : `${first.field}: ${first.message}`;
  return new HttpProblem(kind, errors.length > 1 ? `${what}, and ${errors.length - 1} more` : what, errors);
}
