/** `sluice explain`. */
import { Command } from 'commander';
import { z } from 'zod';
import { jobClient } from '../aws/job-client.ts';
import { jobId } from '../jobs/follow.ts';
import { explanationText } from '../jobs/placement-shown.ts';
import { openStage, withStageOptions } from './stage-options.ts';

const Options = z.object({ stack: z.string().optional(), local: z.boolean().optional(), json: z.boolean().default(false) });

export const explainCommand = (): Command =>
  withStageOptions(new Command('explain'))
    .summary('why a job waits, or why it is where it is')
    .description(
      'Tells of a job that states needs why it waits or why it is on its pool: each limit with its figures, each pool, its place in the order, who goes first, and when it starts.',
    )
    .argument('<id>', 'id of the job')
    .option('--json', 'as one JSON document')
    .action(async (id: string, options: unknown) => {
      const { json, ...stage } = Options.parse(options);
      const explanation = await jobClient(await openStage(stage)).explain(jobId(id));
      const width = process.stdout.isTTY ? process.stdout.columns : undefined;
      process.stdout.write(`${json ? JSON.stringify(explanation) : explanationText(explanation, width)}\n`);
    });
