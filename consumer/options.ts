/** What an author says when defining a consumer. Types only. */
import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { ErrorClass } from '../lambdas/contract/task-wire.ts';
import type { TaskContext } from './context.ts';
import type { RateLimited } from './errors.ts';

export type BodyFormat = 'json' | 'text';

export interface ConsumerOptions<
  Schema extends StandardSchemaV1 | undefined = undefined,
  Result = unknown,
  Format extends BodyFormat = BodyFormat,
> {
  /**
   * What one task does. Whatever it throws is a failed attempt: one of our errors says of which class, anything else is
   * classified. Tasks of a batch run one after the other.
   */
  task: (body: BodyOf<Schema, Format>, context: TaskContext) => Result | Promise<Result>;
  /** Any Standard Schema (zod, valibot, arktype …) for the body; a body that does not fit is a DATA error. */
  schema?: Schema;
  /** `json` (default): the body is parsed, and one that is no JSON is a DATA error. `text`: it is handed over as it is. */
  body?: Format;
  /** Has the first word on errors that are not ours: a class, a `RateLimited`, or undefined to leave it to Sluice. */
  classify?: (error: unknown) => ErrorClass | RateLimited | undefined;
  /**
   * Whether a task delivered again after it was done is run again. Default: it is not, for 15 days; costs two writes of
   * the tasks table per task. `false`: it is, and a record is kept only from the second receive on.
   */
  duplicates?: false | { keepSeconds?: number };
  /** Embedded metrics, one log line per invocation. Default: by stage and class. `false`: none. */
  metrics?: false | { namespace?: string; groupDimension?: boolean | ((group: string) => boolean) };
  /** The least level that is logged. Default `INFO`. */
  logLevel?: 'DEBUG' | 'INFO' | 'WARN' | 'ERROR';
}

/** The schema's output; without one the text, or whatever the JSON holds. */
export type BodyOf<Schema, Format extends BodyFormat = BodyFormat> = Schema extends StandardSchemaV1
  ? StandardSchemaV1.InferOutput<Schema>
  : Format extends 'text'
    ? string
    : unknown;
