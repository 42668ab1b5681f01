/** What a look saw of a group's resources. Types, and how to read them. `undefined` is "not there"; what was not looked at is marked. */
import type { Tags } from '../contract/tags.ts';
import type { FunctionConfiguration } from './desired.ts';

export interface ObservedQueue {
  url: string;
  name: string;
  attributes: Record<string, string>;
  tags: Tags;
  /** Visible, in flight and delayed together; SQS's own approximation. */
  messages: number;
}

export interface ObservedFunction {
  configuration: FunctionConfiguration;
  architecture: string;
  codeSha256: string;
  /** The object it was made from, where Lambda tells (self-managed code storage). */
  code?: { key: string; version: string };
  reservedConcurrency?: number;
  tags: Tags;
  /** `Failed` and `Inactive` functions are seen too. */
  state: string;
  /** An update is in progress: AWS refuses the next. */
  updating: boolean;
  /** Why the last update failed, in AWS's words. */
  updateFailure?: string;
}

export interface ObservedMapping {
  id: string;
  queueName: string;
  state: string;
  batchSize: number;
  windowSeconds: number;
  maximumConcurrency?: number;
  reportsItemFailures: boolean;
  /** Undefined while AWS is changing it and does not tell. */
  enabled: boolean | undefined;
}

export interface Observed {
  queue?: ObservedQueue;
  deadLetterQueue?: ObservedQueue;
  /** The queues of the other kind (standard for a FIFO wish and the other way round), while a replacement drains. */
  formerQueue?: ObservedQueue;
  formerDeadLetterQueue?: ObservedQueue;
  function?: ObservedFunction;
  /** SQS mappings of the function that read one of the group's queues. */
  mappings: ObservedMapping[];
}

/** AWS refuses every change of a mapping in these states, with ResourceInUseException (API_UpdateEventSourceMapping). */
const changingStates = new Set(['Creating', 'Enabling', 'Disabling', 'Updating']);

export const isChanging = ({ state }: ObservedMapping) => changingStates.has(state);
