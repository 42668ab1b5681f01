/** The options of `sluice submit` for a job that states needs: what it hands over, what it needs, where it wants to be. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { z } from 'zod';
import type { Submission } from '../../client/jobs/submission.ts';
import { type JobInput, type Needs, Objective, objectives } from '../../lambdas/contract/placement.ts';
import { numberBetween } from './parse-options.ts';

export const NeedsOptions = z.object({
  body: z.object({ json: z.json() }).optional(),
  needs: z.record(z.string(), z.union([z.string(), z.number()])).optional(),
  input: z.array(z.custom<JobInput>()).optional(),
  pool: z.string().optional(),
  requirePool: z.string().optional(),
  objective: Objective.optional(),
  startBy: z.string().optional(),
  steps: z.array(z.string()).optional(),
  maxRetries: z.number().optional(),
  dryRun: z.boolean().default(false),
});
export type NeedsOptions = z.output<typeof NeedsOptions>;

export const withNeedsOptions = (command: Command): Command =>
  command
    .option('--body <json>', 'in place of a file: the one task of a job that states needs, for a pool', jsonText)
    .option('--needs <list>', 'with --body: cpu=8,gpu=1,os=linux; a number is a quantity, anything else a label', needsList)
    .option('--input <s3 address>', 'with --body: an object it reads, s3://bucket/key; more than once', inputs)
    .option('--pool <name>', 'with --body: the pool it prefers')
    .option('--require-pool <name>', 'with --body: on this pool or not at all')
    .addOption(new Option('--objective <objective>', 'with --body: what decides among pools that fit; default spread').choices(objectives))
    .option('--start-by <time>', 'with --body: not started by then, it has failed; ISO 8601')
    .option('--steps <list>', 'with --body: names of its steps in their order, with commas', list)
    .option('--max-retries <n>', 'of a function, or with --body; default 3', numberBetween(0, 100, { whole: true }))
    .option('--dry-run', 'with --body: only tell where and when it would start');

/** Commander takes `null` for no value at all. */
function jsonText(text: string): { json: unknown } {
  try {
    return { json: JSON.parse(text) };
  } catch {
    throw new InvalidArgumentError('It must be JSON; a text needs its quotes: --body \'"text"\'.');
  }
}

const list = (text: string): string[] => text.split(',').map((name) => name.trim());

function needsList(text: string, before: Record<string, string | number> = {}): Record<string, string | number> {
  const pairs = list(text).map((pair): [string, string | number] => {
    const [, name, value] = /^([^=]+)=(.+)$/s.exec(pair) ?? [];
    if (name === undefined || value === undefined) throw new InvalidArgumentError(`${JSON.stringify(pair)} is not name=value.`);
    return [name.trim(), Number.isFinite(Number(value)) ? Number(value) : value.trim()];
  });
  return { ...before, ...Object.fromEntries(pairs) };
}

function inputs(text: string, before: JobInput[] = []): JobInput[] {
  const [, bucket, key] = /^s3:\/\/([^/]+)\/(.+)$/s.exec(text) ?? [];
  if (bucket === undefined || key === undefined) throw new InvalidArgumentError('It must be s3://bucket/key.');
  return [...before, { bucket, key }];
}

/** What of a submission they say. */
export function needsOf({
  body,
  needs,
  input,
  pool,
  requirePool,
  objective,
  startBy,
  steps,
  maxRetries,
}: NeedsOptions): Omit<Submission, 'tasks' | 'file'> {
  const affinity = requirePool === undefined ? pool && { pool } : { pool: requirePool, required: true };
  return {
    ...(body === undefined ? {} : { body: body.json }),
    ...(needs === undefined ? {} : { needs: splitNeeds(needs) }),
    ...(input === undefined ? {} : { inputs: input }),
    ...(affinity ? { affinity } : {}),
    ...(objective === undefined ? {} : { objective }),
    ...(startBy === undefined ? {} : { startBy }),
    ...(steps === undefined ? {} : { steps }),
    ...(maxRetries === undefined ? {} : { maxRetries }),
  };
}

function splitNeeds(needs: Record<string, string | number>): Needs {
  const entries = Object.entries(needs);
  const quantities = entries.filter((entry): entry is [string, number] => typeof entry[1] === 'number');
  const labels = entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  return {
    ...(quantities.length === 0 ? {} : { quantities: Object.fromEntries(quantities) }),
    ...(labels.length === 0 ? {} : { labels: Object.fromEntries(labels) }),
  };
}
