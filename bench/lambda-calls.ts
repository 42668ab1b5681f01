/** Reads figures off the double's record of calls: Lambda control-plane calls by operation, throttles, the fullest second. */
import type { Call } from '../test/double/aws/calls.ts';

/** Calls that count among the account's 15 a second. */
export const isControlPlane = (call: Call) => call.service === 'lambda' && call.operation !== 'GetFunction' && call.operation !== 'Invoke';

const isThrottle = (call: Call) => call.outcome === 'TooManyRequestsException';

export interface CallFigures {
  calls: number;
  throttles: number;
  fullestSecond: number;
  byOperation: Record<string, number>;
}

export function callFigures(calls: readonly Call[]): CallFigures {
  const controlPlane = calls.filter(isControlPlane);
  const byOperation: Record<string, number> = {};
  for (const { operation } of calls.filter((call) => call.service === 'lambda')) byOperation[operation] = (byOperation[operation] ?? 0) + 1;
  return {
    calls: controlPlane.length,
    throttles: calls.filter(isThrottle).length,
    fullestSecond: fullestSecond(controlPlane),
    byOperation,
  };
}

function fullestSecond(calls: readonly Call[]): number {
  let most = 0;
  let first = 0;
  for (const [i, call] of calls.entries()) {
    while ((calls[first] as Call).atMs <= call.atMs - 1_000) first += 1;
    most = Math.max(most, i - first + 1);
  }
  return most;
}

export function perPipeline({ byOperation }: CallFigures, pipelines: number): string {
  return Object.entries(byOperation)
    .sort(([, a], [, b]) => b - a)
    .map(([operation, count]) => `${operation} ${(count / pipelines).toFixed(2)}`)
    .join(', ');
}
