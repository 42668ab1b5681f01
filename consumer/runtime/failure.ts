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

/** Never throws, whatever was thrown: it would fail the rest of the batch, too. */
export function judge(error: unknown, own: Classifier | undefined, step: string | undefined, nowMs: number): Thrown {
  try {
    return judged(error, own, step, nowMs);
  } catch (cause) {
    const message = `what was thrown cannot be looked at (${messageOf(cause)})`;
    return { kind: 'failed', failure: { class: 'TRANSIENT', message, stack: undefined, step, retryAfterSeconds: undefined } };
  }
}

function judged(error: unknown, own: Classifier | undefined, step: string | undefined, nowMs: number): Thrown {
  const message = messageOf(error);
  const verdict = explicitVerdict(error) ?? authorsVerdict(error, own) ?? classify(error, nowMs);
  if (verdict.kind === 'limited') return { kind: 'limited', retryAfterSeconds: verdict.retryAfterSeconds, message };
  const stack = error instanceof Error && typeof error.stack === 'string' ? error.stack : undefined;
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
  const text = error instanceof Error ? errorText(error) : `not an Error: ${textOf(error)}`;
  return cut(text, recordedMessageCharacters);
}

/** Never in the middle of a surrogate pair: readers of JSON and SQS refuse half of one. */
export const cut = (text: string, characters: number) => text.slice(0, characters).replace(/[\uD800-\uDBFF]$/, '');

/** Some libraries put objects where the message belongs. */
function errorText({ message, name }: { message: unknown; name: unknown }): string {
  if (typeof message === 'string' && message !== '') return message;
  return message === '' || message === undefined ? textOf(name) : textOf(message);
}

function textOf(value: unknown): string {
  try {
    return typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value));
  } catch {
    return Object.prototype.toString.call(value);
  }
}
