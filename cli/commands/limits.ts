/** `sluice limits`: shows the limits over all pools, or changes some of them. */
import { Command, InvalidArgumentError } from 'commander';
import { z } from 'zod';
import type { SluiceClient } from '../../client/client.ts';
import type { Limits } from '../../lambdas/contract/lease-api.ts';
import type { CustomerLimits, OverallLimits } from '../../lambdas/contract/placement.ts';
import { jobClient } from '../aws/job-client.ts';
import { UsageError } from '../helpful-error.ts';
import { limitsText } from '../jobs/placement-shown.ts';
import { numberBetween } from './parse-options.ts';
import { openStage, withStageOptions } from './stage-options.ts';

const Options = z.object({
  stack: z.string().optional(),
  local: z.boolean().optional(),
  customer: z.string().optional(),
  maxJobs: z.union([z.number(), z.literal('none')]).optional(),
  perCustomer: z.union([z.number(), z.literal('none')]).optional(),
  weight: z.number().optional(),
  remove: z.boolean().default(false),
  json: z.boolean().default(false),
});
type Options = z.output<typeof Options>;

const help = `
Examples:
  sluice limits                                          shows them
  sluice limits --max-jobs 40 --per-customer 10          of all pools together, and of each customer
  sluice limits --customer acme --max-jobs 5 --weight 2  of one customer
  sluice limits --customer acme --remove                 it has none of its own any more`;

const jobs = numberBetween(0, 100_000, { whole: true });
const jobsOrNone = (text: string): number | 'none' => {
  if (text.trim() === 'none') return 'none';
  try {
    return jobs(text);
  } catch {
    throw new InvalidArgumentError('It must be a whole number from 0 to 100000, or none.');
  }
};

export const limitsCommand = (): Command =>
  withStageOptions(new Command('limits'))
    .summary('shows or changes the limits of jobs on pools')
    .description('Shows how many jobs may be on pools at once, in all and of each customer; with options changes that. It acts at once.')
    .option('--max-jobs <n>', 'jobs at once: in all, or with --customer of that one (there also: none)', jobsOrNone)
    .option('--per-customer <n>', 'jobs at once of each customer without a limit of its own, or none', jobsOrNone)
    .option('--customer <name>', 'change the limits of this customer')
    .option('--weight <n>', 'with --customer: its weight; of 2 it gets twice the share of one of 1', numberBetween(0.01, 1_000))
    .option('--remove', 'with --customer: it has no limits of its own any more')
    .option('--json', 'as one JSON document')
    .addHelpText('after', help)
    .action((options: unknown) => limits(Options.parse(options)));

async function limits(options: Options): Promise<void> {
  requireSense(options);
  const client = jobClient(await openStage(options));
  const shown = isChange(options) ? await changed(client, options) : await client.limits();
  process.stdout.write(`${options.json ? JSON.stringify(shown) : limitsText(shown)}\n`);
}

const isChange = ({ maxJobs, perCustomer, weight, remove }: Options) =>
  maxJobs !== undefined || perCustomer !== undefined || weight !== undefined || remove;

function requireSense(options: Options): void {
  const { customer, weight, remove, perCustomer, maxJobs } = options;
  if (customer === undefined && (weight !== undefined || remove))
    throw new UsageError('--weight and --remove are of one --customer: name it.');
  if (customer === undefined && maxJobs === 'none')
    throw new UsageError('There is always a limit over all pools: --max-jobs takes a number there.');
  if (customer !== undefined && perCustomer !== undefined)
    throw new UsageError('--per-customer is of all customers, --customer is one: leave one of them out.');
  if (customer !== undefined && !isChange(options))
    throw new UsageError('Say what to change of the customer: --max-jobs, --weight or --remove.');
  if (remove && (maxJobs !== undefined || weight !== undefined))
    throw new UsageError('--remove leaves no limits: leave --max-jobs and --weight out.');
}

const limitOf = (maxJobs: number | 'none') => (maxJobs === 'none' ? null : maxJobs);

/** What is not named stays: the API replaces a customer's limits, and those over all, as a whole. */
async function changed(client: SluiceClient, { customer, maxJobs, perCustomer, weight, remove }: Options): Promise<Limits> {
  if (customer !== undefined && remove) return client.setLimits({ customers: { [customer]: null } });
  const before = await client.limits();
  if (customer !== undefined) {
    const limits: CustomerLimits = {
      ...before.customers?.[customer],
      ...(maxJobs === undefined ? {} : { maxJobs: limitOf(maxJobs) }),
      ...(weight === undefined ? {} : { weight }),
    };
    return client.setLimits({ customers: { [customer]: limits } });
  }
  const overall: OverallLimits = {
    ...before.overall,
    ...(typeof maxJobs === 'number' ? { maxJobs } : {}),
    ...(perCustomer === undefined ? {} : { perCustomer: { maxJobs: limitOf(perCustomer) } }),
  };
  return client.setLimits({ overall });
}
