/**
 * Structured logs: one JSON line each, with the ids of what it is about. A few lines of our own rather than a library's:
 * a consumer's cold start and its cost per task are promises (docs/decisions/0018).
 */
import type { TaskLog } from '../context.ts';

export type Level = 'DEBUG' | 'INFO' | 'WARN' | 'ERROR';
const ranks: Record<Level, number> = { DEBUG: 0, INFO: 1, WARN: 2, ERROR: 3 };

export interface LineWriter {
  writeLine(line: string): void;
  clock: { nowMs(): number };
}

/** `ids` are on every line, asked for when it is written; a field of the same name does not replace them. */
export function taskLog(least: Level, ids: () => Record<string, unknown>, { writeLine, clock }: LineWriter): TaskLog {
  const write = (level: Level, message: string, fields: Record<string, unknown> = {}): void => {
    if (ranks[level] < ranks[least]) return;
    writeLine(`${jsonText({ level, message, timestamp: new Date(clock.nowMs()).toISOString(), ...fields, ...ids() })}\n`);
  };
  return {
    debug: (message, fields) => write('DEBUG', message, fields),
    info: (message, fields) => write('INFO', message, fields),
    warn: (message, fields) => write('WARN', message, fields),
    error: (message, fields) => write('ERROR', message, fields),
  };
}

/** Never throws: a log line must not fail a task. Errors are told with their stack and causes. */
export function jsonText(value: Record<string, unknown>): string {
  const above: unknown[] = [];
  try {
    return JSON.stringify(value, function (this: unknown, _key, inner: unknown) {
      if (typeof inner === 'bigint') return String(inner);
      if (inner instanceof Error) return errorFields(inner);
      if (typeof inner !== 'object' || inner === null) return inner;
      while (above.length > 0 && above.at(-1) !== this) above.pop();
      if (above.includes(inner)) return '[circular]';
      above.push(inner);
      return inner;
    });
  } catch (error) {
    return JSON.stringify({ level: 'ERROR', message: 'a log line could not be written', reason: String(error) });
  }
}

const errorFields = ({ name, message, stack, cause }: Error) => ({ name, message, stack, ...(cause === undefined ? {} : { cause }) });
