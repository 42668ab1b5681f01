/** HTTP statuses as classes of error, wherever a client library keeps them. Pure. */
import type { ErrorClass } from '../../contract/task-wire.ts';

/** Undefined for what is no error. 429 is no class: it is the whole group's matter. */
export function classOfHttpStatus(status: number): ErrorClass | undefined {
  const exact = exactStatuses[status];
  if (exact) return exact;
  if (status >= 500) return 'TRANSIENT';
  return status >= 400 ? 'PERMANENT' : undefined;
}

const exactStatuses: Record<number, ErrorClass> = {
  400: 'DATA',
  401: 'CONFIGURATION',
  403: 'CONFIGURATION',
  407: 'CONFIGURATION',
  408: 'TRANSIENT',
  409: 'TRANSIENT',
  413: 'DATA',
  414: 'DATA',
  415: 'DATA',
  421: 'TRANSIENT',
  422: 'DATA',
  423: 'TRANSIENT',
  424: 'TRANSIENT',
  425: 'TRANSIENT',
  501: 'PERMANENT',
  505: 'PERMANENT',
  507: 'RESOURCE',
  511: 'CONFIGURATION',
};

/** `status` (fetch's Response, ky, octokit), `statusCode` (got, request), `response.status` (axios, ky). */
export function statusOf(error: unknown): number | undefined {
  for (const place of [error, property(error, 'response')]) {
    for (const name of ['status', 'statusCode']) {
      const status = property(place, name);
      if (typeof status === 'number' && Number.isInteger(status) && status >= 400 && status < 600) return status;
    }
  }
  return undefined;
}

/** Seconds a `Retry-After` header asks for (RFC 9110, 10.2.3). */
export function retryAfterOf(error: unknown, nowMs: number): number | undefined {
  for (const place of [error, property(error, 'response')]) {
    const text = header(property(place, 'headers'), 'retry-after');
    const seconds = text === undefined ? undefined : secondsOf(text, nowMs);
    if (seconds !== undefined) return seconds;
  }
  return undefined;
}

/** `retryAfter` as a number of seconds, a moment, or the header's text; undefined for what is none. */
export function secondsOf(retryAfter: number | Date | string | null | undefined, nowMs: number): number | undefined {
  if (typeof retryAfter === 'number') return Number.isFinite(retryAfter) ? Math.max(0, retryAfter) : undefined;
  if (retryAfter === undefined || retryAfter === null) return undefined;
  if (typeof retryAfter === 'string' && /^\s*\d+(\.\d+)?\s*$/.test(retryAfter)) return Number(retryAfter);
  const moment = retryAfter instanceof Date ? retryAfter.getTime() : Date.parse(retryAfter);
  return Number.isNaN(moment) ? undefined : Math.max(0, (moment - nowMs) / 1_000);
}

/** Fetch's `Headers`, or a plain map with names in any case. */
function header(headers: unknown, name: string): string | undefined {
  if (headers instanceof Headers) return headers.get(name) ?? undefined;
  if (typeof headers !== 'object' || headers === null) return undefined;
  const found = Object.entries(headers).find(([key]) => key.toLowerCase() === name)?.[1];
  return typeof found === 'string' || typeof found === 'number' ? String(found) : undefined;
}

/** Foreign errors are looked at field by field. */
export function property(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && name in value ? (value as Record<string, unknown>)[name] : undefined;
}
