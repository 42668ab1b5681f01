/** The environment the reconciler gave this consumer, parsed. Every problem is named, with what to do. */
import * as z from 'zod/mini';
import { consumerEnvironment as keys } from '../../lambdas/contract/consumer-env.ts';
import type { RetryRule } from '../../lambdas/domain/task/back-off.ts';
import type { Rate } from '../../lambdas/domain/task/spacing.ts';
import { ConfigurationError } from '../errors.ts';

const numeric = z.pipe(
  z.string(),
  z.transform((text) => Number(text)),
);
const whole = z.pipe(numeric, z.int().check(z.gte(1)));

const jsonOf = <S extends z.ZodMiniType>(schema: S) =>
  z.pipe(
    z.pipe(
      z.string(),
      z.transform((text, context): unknown => {
        try {
          return JSON.parse(text);
        } catch {
          context.issues.push({ code: 'custom', message: 'is not JSON', input: text });
          return z.NEVER;
        }
      }),
    ),
    schema,
  );

const Environment = z.object({
  [keys.stage]: z.string(),
  [keys.taskGroup]: z.string(),
  [keys.queueName]: z.string(),
  [keys.deadLetterQueueName]: z.string(),
  [keys.tasksTable]: z.string(),
  [keys.dataBucket]: z.string(),
  [keys.hintsQueueUrl]: z.string(),
  /** A stage that has not looked at the group since it learned of jobs does not set it yet. */
  [keys.reportsQueueUrl]: z.optional(z.string()),
  [keys.maxReceiveCount]: whole,
  [keys.retry]: jsonOf(z.object({ maxRetries: z.number(), baseSeconds: z.number(), capSeconds: z.number() })),
  [keys.secrets]: z._default(jsonOf(z.record(z.string(), z.string())), {}),
  [keys.ratePerSecond]: z.optional(z.pipe(numeric, z.number().check(z.positive()))),
  [keys.concurrency]: z.optional(whole),
});

export interface ConsumerSettings {
  stage: string;
  group: string;
  /** The group's function name: its key in the tasks table. */
  pipeline: string;
  queueName: string;
  deadLetterQueueName: string;
  tasksTable: string;
  dataBucket: string;
  hintsQueueUrl: string;
  reportsQueueUrl: string | undefined;
  fifo: boolean;
  maxReceiveCount: number;
  retry: RetryRule;
  secrets: Record<string, string>;
  rate: Rate | undefined;
}

/** Throws a {@link ConfigurationError} that names every key at fault. */
export function consumerSettings(environment: Record<string, string | undefined>): ConsumerSettings {
  const parsed = Environment.safeParse(environment);
  if (!parsed.success) {
    const problems = parsed.error.issues.map(
      (issue) => `${issue.path.join('.')}: ${environment[String(issue.path[0])] === undefined ? 'is missing' : issue.message}`,
    );
    throw new ConfigurationError(
      `the environment is not that of a library consumer; write consumer: "sluice" in the config item (${problems.join('; ')})`,
    );
  }
  const found = parsed.data;
  const queueName = found[keys.queueName];
  const ratePerSecond = found[keys.ratePerSecond];
  return {
    stage: found[keys.stage],
    group: found[keys.taskGroup],
    pipeline: queueName.replace(/\.fifo$/, ''),
    queueName,
    deadLetterQueueName: found[keys.deadLetterQueueName],
    tasksTable: found[keys.tasksTable],
    dataBucket: found[keys.dataBucket],
    hintsQueueUrl: found[keys.hintsQueueUrl],
    reportsQueueUrl: found[keys.reportsQueueUrl],
    fifo: queueName.endsWith('.fifo'),
    maxReceiveCount: found[keys.maxReceiveCount],
    retry: found[keys.retry],
    secrets: found[keys.secrets],
    rate: ratePerSecond === undefined ? undefined : { ratePerSecond, concurrency: found[keys.concurrency] ?? 1 },
  };
}
