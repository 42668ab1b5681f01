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

/** `ids` are on every line, asked for when it is written; a field of the same name replaces neither them nor level, message and time. */
export function taskLog(least: Level, ids: () => Record<string, unknown>, { writeLine, clock }: LineWriter): TaskLog {
  const write = (level: Level, message: string, fields: Record<string, unknown> = {}): void => {
    if (ranks[level] < ranks[least]) return;
    const line = { level, message, timestamp: new Date(clock.nowMs()).toISOString() };
    writeLine(`${jsonText({ ...line, ...fields, ...line, ...ids() }, () => ({ ...line, ...ids() }))}\n`);
  };
  return {
    debug: (message, fields) => write('DEBUG', message, fields),
    info: (message, fields) => write('INFO', message, fields),
    warn: (message, fields) => write('WARN', message, fields),
    error: (message, fields) => write('ERROR', message, fields),
  };
}

/** Never throws: a log line must not fail a task. Errors are told with their stack and causes. `rest`: what is told of a line that cannot be. */
function jsonText(value: Record<string, unknown>, rest: () => Record<string, unknown>): string {
  /** What `JSON.stringify` is inside of: as it sees it, and whose value that is. */
  const above: { seen: unknown; of: unknown }[] = [];
  try {
    return JSON.stringify(value, function (this: unknown, _key, inner: unknown) {
      if (typeof inner === 'bigint') return String(inner);
      if (typeof inner !== 'object' || inner === null) return inner;
      while (above.length > 0 && above.at(-1)?.seen !== this) above.pop();
      if (above.some(({ of }) => of === inner)) return '[circular]';
      const seen = inner instanceof Error ? errorFields(inner) : inner;
      above.push({ seen, of: inner });
      return seen;
    });
  } catch {
    return JSON.stringify({ ...rest(), unwritable: 'a field of this line could not be told' });
  }
}

const errorFields = ({ name, message, stack, cause }: Error) => ({ name, message, stack, ...(cause === undefined ? {} : { cause }) });
