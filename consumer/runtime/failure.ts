/** From what a task threw to what is done about it: the class, in the author's words where he has any. Pure but for the author's `classify`. */
import { recordedMessageCharacters } from '../../lambdas/contract/task-table.ts';
import { type ErrorClass, errorClasses } from '../../lambdas/contract/task-wire.ts';
import { classify, type Verdict } from '../../lambdas/domain/task/classify.ts';

export interface Failure {
  class: ErrorClass;
  message: string;
  stack: string | undefined;
  step: string | undefined;
  /** Seconds the other side asks to wait at least. */
  retryAfterSeconds: number | undefined;
}

export type Thrown = { kind: 'failed'; failure: Failure } | { kind: 'limited'; retryAfterSeconds: number | undefined; message: string };

export type Classifier = (error: unknown) => ErrorClass | Error | undefined;

export function judge(error: unknown, own: Classifier | undefined, step: string | undefined, nowMs: number): Thrown {
  const message = messageOf(error);
  const verdict = explicitVerdict(error) ?? authorsVerdict(error, own) ?? classify(error, nowMs);
  if (verdict.kind === 'limited') return { kind: 'limited', retryAfterSeconds: verdict.retryAfterSeconds, message };
  const stack = error instanceof Error ? error.stack : undefined;
  return { kind: 'failed', failure: { class: verdict.class, message, stack, step, retryAfterSeconds: verdict.retryAfterSeconds } };
}

/** One of our errors. By shape: the author's bundle may hold a second copy of the class. */
function explicitVerdict(error: unknown): Verdict | undefined {
  if (!(error instanceof Error)) return undefined;
  if (error.name === 'RateLimited' && 'retryAfterSeconds' in error) {
    const { retryAfterSeconds } = error;
    return { kind: 'limited', retryAfterSeconds: typeof retryAfterSeconds === 'number' ? retryAfterSeconds : undefined };
  }
  const found = 'class' in error ? errorClasses.find((name) => name === error.class) : undefined;
  return found && { kind: 'failed', class: found };
}

/** A classifier that throws has nothing to say. */
function authorsVerdict(error: unknown, own: Classifier | undefined): Verdict | undefined {
  try {
    const said = own?.(error);
    if (said instanceof Error) return explicitVerdict(said);
    return said === undefined || !errorClasses.includes(said) ? undefined : { kind: 'failed', class: said };
  } catch {
    return undefined;
  }
}

export function messageOf(error: unknown): string {
  const text = error instanceof Error ? (error.message === '' ? error.name : error.message) : `not an Error: ${textOf(error)}`;
  return text.slice(0, recordedMessageCharacters);
}

function textOf(value: unknown): string {
  try {
    return typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value));
  } catch {
    return String(value);
  }
}
