/** `sluice/consumer`: what an author of a consumer imports. docs/consumer.md teaches it. */
export type { ErrorClass } from '../lambdas/contract/task-wire.ts';
export type { Pending, PermitOptions, Recorded, TaskContext, TaskLease, TaskLog, TaskMessage } from './context.ts';
export { type ConsumerHandler, defineConsumer } from './define-consumer.ts';
export {
  ConfigurationError,
  DataError,
  PermanentError,
  RateLimited,
  ResourceError,
  TaskError,
  TransientError,
} from './errors.ts';
export type { BodyFormat, BodyOf, ConsumerOptions } from './options.ts';
