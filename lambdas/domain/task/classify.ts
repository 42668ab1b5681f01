/**
 * What kind of failure an error is that does not say so itself: AWS SDK, network, HTTP, schema, the program's own
 * mistakes. Pure. Foreign errors are looked at by their shape, as a bundle may hold several copies of a class.
 */
import type { ErrorClass } from '../../contract/task-wire.ts';
import { classOfAwsError } from './classify-aws.ts';
import { classOfHttpStatus, property, retryAfterOf, statusOf } from './classify-http.ts';

export type Verdict =
  | { kind: 'failed'; class: ErrorClass /** Seconds the other side asks to wait. */; retryAfterSeconds?: number }
  /** The target says "too many". */
  | { kind: 'limited'; retryAfterSeconds: number | undefined };

const failed = (errorClass: ErrorClass): Verdict => ({ kind: 'failed', class: errorClass });

/** Errors wrap each other, now and then in a circle. */
const deepestCause = 10;

/** `nowMs`: to read a Retry-After that is a date. */
export function classify(error: unknown, nowMs: number, depth = 0): Verdict {
  for (const rule of rules) {
    const verdict = rule(error, nowMs);
    if (verdict) return verdict;
  }
  // A wrapper tells by what it wraps.
  const inner = error instanceof Error ? innerOf(error) : undefined;
  if (inner !== undefined && depth < deepestCause) return classify(inner, nowMs, depth + 1);
  // Nothing known speaks against trying again, and the retries are counted.
  return failed(isProgramMistake(error) ? 'PERMANENT' : 'TRANSIENT');
}

type Rule = (error: unknown, nowMs: number) => Verdict | undefined;

const rules: Rule[] = [
  (error) => {
    const errorClass = classOfAwsError(error);
    return errorClass && failed(errorClass);
  },
  (error) => classFrom(networkCodes, textField(error, 'code')),
  (error) => classFrom(errorNames, textField(error, 'name')),
  httpError,
  (error) => (isSchemaError(error) ? failed('DATA') : undefined),
  (error) =>
    /Array buffer allocation failed|Invalid (typed )?array length|heap out of memory/.test(messageOf(error))
      ? failed('RESOURCE')
      : undefined,
];

/** `code` of Node's, undici's and OpenSSL's errors. */
const networkCodes: [RegExp, ErrorClass][] = [
  [
    /^(ECONN|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_|EHOSTUNREACH|ENETUNREACH|ENETDOWN|UND_ERR_|ERR_SOCKET|ERR_HTTP2|ERR_STREAM_PREMATURE_CLOSE)/,
    'TRANSIENT',
  ],
  [/^(ENOSPC|ENOMEM|EMFILE|ENFILE|EDQUOT|ERR_WORKER_OUT_OF_MEMORY)/, 'RESOURCE'],
  [/^(CERT_|ERR_TLS|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_)/, 'CONFIGURATION'],
  [/^(EACCES|EPERM|ENOENT|ERR_INVALID_URL|MODULE_NOT_FOUND|ERR_MODULE_NOT_FOUND)$/, 'CONFIGURATION'],
];

const errorNames: [RegExp, ErrorClass][] = [
  [/^(AbortError|TimeoutError|ConnectTimeoutError|HeadersTimeoutError|BodyTimeoutError|SocketError)$/, 'TRANSIENT'],
  [/^(ZodError|\$ZodError|ValiError|ValidationError|SchemaError)$/, 'DATA'],
  // Somebody's answer that is no JSON, such as an outage page: the task's own body was parsed before the task began.
  [/^SyntaxError$/, 'TRANSIENT'],
];

function httpError(error: unknown, nowMs: number): Verdict | undefined {
  const status = statusOf(error);
  if (status === undefined) return undefined;
  const retryAfterSeconds = retryAfterOf(error, nowMs);
  if (status === 429) return { kind: 'limited', retryAfterSeconds };
  const errorClass = classOfHttpStatus(status);
  return errorClass && { kind: 'failed', class: errorClass, ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }) };
}

/** Standard Schema's issues, and what most validators throw. */
function isSchemaError(error: unknown): boolean {
  const issues = property(error, 'issues');
  return Array.isArray(issues) && issues.length > 0 && issues.every((issue) => typeof property(issue, 'message') === 'string');
}

/** A `TypeError` of fetch is none: it wraps the network's error, which is looked at first. */
const isProgramMistake = (error: unknown) =>
  (error instanceof TypeError && messageOf(error) !== 'fetch failed') || error instanceof ReferenceError || error instanceof RangeError;

function innerOf(error: Error): unknown {
  if (error.cause !== undefined) return error.cause;
  return error instanceof AggregateError ? error.errors[0] : undefined;
}

function classFrom(table: [RegExp, ErrorClass][], text: string | undefined): Verdict | undefined {
  const found = text === undefined ? undefined : table.find(([pattern]) => pattern.test(text));
  return found && failed(found[1]);
}

function textField(value: unknown, name: string): string | undefined {
  const found = property(value, name);
  return typeof found === 'string' ? found : undefined;
}

const messageOf = (error: unknown) => textField(error, 'message') ?? String(error);
