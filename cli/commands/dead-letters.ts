/** `sluice dead-letters`. */
import { Command } from 'commander';
import { z } from 'zod';
import type { Stage } from '../aws/connect.ts';
import { pipelinesNamed } from '../aws/pipelines.ts';
import { classNames } from '../dead-letters/filter.ts';
import { type Listing, listLetters } from '../dead-letters/list-letters.ts';
import { deadLetterQueues } from '../dead-letters/queues.ts';
import { letterDocument, letterSummary, letterTable } from '../dead-letters/shown.ts';
import { interruptible } from '../interruption.ts';
import { withProgress } from '../progress.ts';
import { numberBetween, oneOf, several } from './parse-options.ts';
import { openStage, withStageOptions } from './stage-options.ts';

const Options = z.object({
  stack: z.string().optional(),
  local: z.boolean().optional(),
  class: z.array(z.string()).default([]),
  id: z.array(z.string()).default([]),
  limit: z.number(),
  json: z.boolean().default(false),
  body: z.boolean().default(false),
});

const help = `
Examples:
  sluice dead-letters                              of every group, with counts by class
  sluice dead-letters "customer 7"                 of one
  sluice dead-letters --class DATA,PERMANENT       those that trying again does not help
  sluice dead-letters A --json --body | jq .body   for programs, bodies included

Class \`none\` is of letters that SQS moved and nobody has explained yet. While it looks, letters are
hidden from others; at the end they are visible again. Of a FIFO group the first ten of each message
group can be seen, no more.`;

export const deadLettersCommand = (): Command =>
  withStageOptions(new Command('dead-letters'))
    .summary('shows what is in the dead-letter queues, and why')
    .description('Shows the dead letters of one task group or all: which task, why, after how many attempts, how long ago.')
    .argument('[group]', 'task group; without it, all')
    .option('--class <classes>', `only of these classes: ${classNames.join(', ')}`, oneOf(classNames))
    .option('--id <task>', 'only this task (or message) id; may be given more than once', several)
    .option('--limit <n>', 'show so many at most', numberBetween(1, 1_000_000, { whole: true }), 1_000)
    .option('--json', 'a JSON document per line and letter')
    .option('--body', 'with --json: the bodies, too; they may hold secrets')
    .addHelpText('after', help)
    .action((group: string | undefined, options: unknown) => deadLetters(group, Options.parse(options)));

async function deadLetters(group: string | undefined, options: z.output<typeof Options>): Promise<void> {
  const stage = await openStage(options);
  const listing: Listing = { letters: [], more: false, queuesSeen: 0 };
  const progress = () => `${listing.letters.length} dead letters in ${listing.queuesSeen} queues so far`;
  await interruptible((signal) =>
    withProgress(process.stderr, progress, () => listLetters(stage, queuesOf(stage, group), { ...filterOf(options), signal }, listing)),
  );
  const { letters, more } = listing;
  if (options.json) {
    for (const dead of letters) process.stdout.write(`${JSON.stringify(letterDocument(dead, options.body))}\n`);
    if (more) process.stderr.write(`${letterSummary(letters, more)}\n`);
    return;
  }
  if (letters.length > 0)
    process.stdout.write(`${letterTable(letters, Date.now(), process.stdout.isTTY ? process.stdout.columns : undefined)}\n\n`);
  process.stdout.write(`${letterSummary(letters, more)}\n`);
}

const filterOf = ({ class: classes, id: tasks, limit }: z.output<typeof Options>) => ({ filter: { classes, tasks }, limit });

async function* queuesOf(stage: Stage, group: string | undefined) {
  for await (const row of pipelinesNamed(stage, group)) yield* deadLetterQueues(row, stage.output('Prefix'));
}
