/** `sluice pools`. */
import { Command } from 'commander';
import { z } from 'zod';
import { jobClient } from '../aws/job-client.ts';
import { poolsText } from '../jobs/placement-shown.ts';
import { openStage, withStageOptions } from './stage-options.ts';

const Options = z.object({ stack: z.string().optional(), local: z.boolean().optional(), json: z.boolean().default(false) });

export const poolsCommand = (): Command =>
  withStageOptions(new Command('pools'))
    .summary('the pools and customers of jobs that state needs: what runs, waits, is used')
    .description(
      'Shows each pool with its jobs, what is used of it and whether it is open; then each customer with its share and its wait.',
    )
    .option('--json', 'as one JSON document')
    .action(async (options: unknown) => {
      const { json, ...stage } = Options.parse(options);
      // Groups have figures of their own (`sluice stats`); a page of one is the least.
      const { placement } = await jobClient(await openStage(stage)).stats({ limit: 1 });
      const width = process.stdout.isTTY ? process.stdout.columns : undefined;
      process.stdout.write(`${json ? JSON.stringify(placement ?? null) : poolsText(placement, width)}\n`);
    });
