/** Structured logs: one JSON line each, with the ids of what it is about. Values of secrets never reach this. */
import { Logger } from '@aws-lambda-powertools/logger';

export interface Log {
  debug(message: string, fields?: Record<string, unknown>): void;
  info(message: string, fields?: Record<string, unknown>): void;
  warn(message: string, fields?: Record<string, unknown>): void;
  error(message: string, fields?: Record<string, unknown>): void;
}

export function jsonLog(service: string, logLevel: 'DEBUG' | 'INFO' | 'WARN' | 'ERROR'): Log {
  const logger = new Logger({ serviceName: service, logLevel });
  const line =
    (level: keyof Log) =>
    (message: string, fields: Record<string, unknown> = {}) =>
      logger[level](message, fields);
  return { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') };
}

/** An error as log fields, its causes included. */
export function errorFields(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { error: String(error) };
  return {
    error: `${error.name}: ${error.message}`,
    stack: error.stack,
    ...(error.cause === undefined ? {} : { cause: String(error.cause) }),
  };
}
