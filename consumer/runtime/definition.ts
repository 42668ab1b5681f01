/** An author's options with every default filled in. Pure. */
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { recordKeepSeconds } from '../../lambdas/contract/task-table.ts';
import type { TaskContext } from '../context.ts';
import { ConfigurationError } from '../errors.ts';
import type { BodyFormat, ConsumerOptions } from '../options.ts';
import type { Classifier } from './failure.ts';
import type { Level } from './log.ts';
import type { MetricOptions } from './metrics.ts';

export interface Definition {
  task: (body: unknown, context: TaskContext) => unknown;
  schema: StandardSchemaV1 | undefined;
  body: 'json' | 'text';
  classify: Classifier | undefined;
  /** Undefined: a task delivered again is run again. */
  keepDoneSeconds: number | undefined;
  metrics: ((group: string) => MetricOptions) | undefined;
  logLevel: Level;
}

const levels: readonly Level[] = ['DEBUG', 'INFO', 'WARN', 'ERROR'];

/** Twelve hours is the longest a task can be invisible and then come again; a year is more than anybody needs. */
const keepBounds = { least: 12 * 3_600, most: 365 * 86_400 };

/** Throws a {@link ConfigurationError} for options that TypeScript would have refused. */
export function definitionOf<Schema extends StandardSchemaV1 | undefined, Result, Format extends BodyFormat>(
  options: ConsumerOptions<Schema, Result, Format>,
): Definition {
  if (typeof options?.task !== 'function') throw new ConfigurationError('defineConsumer: task must be a function');
  const { task, schema, body = 'json', classify, duplicates, metrics, logLevel = 'INFO' } = options;
  if (body !== 'json' && body !== 'text')
    throw new ConfigurationError(`defineConsumer: body must be 'json' or 'text' (got ${JSON.stringify(body)})`);
  if (schema !== undefined && typeof schema?.['~standard']?.validate !== 'function')
    throw new ConfigurationError('defineConsumer: schema must be a Standard Schema, such as those of zod (from 3.24 on) or valibot');
  if (classify !== undefined && typeof classify !== 'function') throw new ConfigurationError('defineConsumer: classify must be a function');
  if (!levels.includes(logLevel))
    throw new ConfigurationError(`defineConsumer: logLevel must be one of ${levels.join(', ')} (got ${JSON.stringify(logLevel)})`);
  const keepSeconds = duplicates === false ? undefined : (duplicates?.keepSeconds ?? recordKeepSeconds);
  if (keepSeconds !== undefined && !(keepSeconds >= keepBounds.least && keepSeconds <= keepBounds.most))
    throw new ConfigurationError(
      `defineConsumer: duplicates.keepSeconds must be from ${keepBounds.least} (12 hours) to ${keepBounds.most} (got ${keepSeconds})`,
    );
  return {
    // The schema's output is what the task takes: `parseBody` makes it so.
    task: task as Definition['task'],
    schema,
    body,
    classify,
    keepDoneSeconds: keepSeconds,
    metrics: metrics === false ? undefined : (group) => metricOptions(metrics, group),
    logLevel,
  };
}

/** What the author's function says; nothing where it throws, as by then the tasks are done. */
function asked(groupDimension: (group: string) => boolean, group: string): boolean {
  try {
    return groupDimension(group);
  } catch {
    return false;
  }
}

function metricOptions(metrics: Exclude<ConsumerOptions['metrics'], false>, group: string): MetricOptions {
  const { namespace = 'Sluice', groupDimension = false } = metrics ?? {};
  return { namespace, groupDimension: typeof groupDimension === 'function' ? asked(groupDimension, group) : groupDimension };
}
