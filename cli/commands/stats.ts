/** `sluice stats`. */
import { Command } from 'commander';
import { z } from 'zod';
import type { SluiceClient } from '../../client/client.ts';
import type { ConcurrencyStats } from '../../lambdas/contract/job-api-stage.ts';
import { jobClient } from '../aws/job-client.ts';
import { statsText } from '../jobs/stats-shown.ts';
import { withProgress } from '../progress.ts';
import { openStage, withStageOptions } from './stage-options.ts';

const Options = z.object({
  stack: z.string().optional(),
  local: z.boolean().optional(),
  group: z.string().optional(),
  json: z.boolean().default(false),
});

export const statsCommand = (): Command =>
  withStageOptions(new Command('stats'))
    .summary('what runs, waits and queues, per group and in all')
    .description(
      'Shows for every task group its limit, tasks in flight, queued and stored, jobs and dead letters; then permits and jobs in all.',
    )
    .option('--group <name>', 'only this one')
    .option('--json', 'as JSON, a document per line and hundred groups')
    .action((options: unknown) => stats(Options.parse(options)));

async function stats({ group, json, ...stage }: z.output<typeof Options>): Promise<void> {
  const client = jobClient(await openStage(stage));
  const pages: ConcurrencyStats[] = [];
  const seen = () => `${pages.reduce((sum, page) => sum + page.groups.length, 0)} groups so far`;
  await withProgress(process.stderr, seen, async () => {
    for await (const page of statsPages(client, group)) pages.push(page);
  });
  if (json) for (const page of pages) process.stdout.write(`${JSON.stringify(page)}\n`);
  else process.stdout.write(`${statsText(pages, process.stdout.isTTY ? process.stdout.columns : undefined)}\n`);
}

async function* statsPages(client: SluiceClient, taskGroup: string | undefined): AsyncGenerator<ConcurrencyStats> {
  if (taskGroup !== undefined) return yield await client.stats({ taskGroup });
  let after: string | undefined;
  do {
    const page = await client.stats({ limit: 100, ...(after === undefined ? {} : { after }) });
    yield page;
    after = page.next;
  } while (after !== undefined);
}
