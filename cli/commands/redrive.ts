/** `sluice redrive`. */
import { setTimeout } from 'node:timers/promises';
import { Command } from 'commander';
import { z } from 'zod';
import type { PipelineRow } from '../../lambdas/contract/pipeline-row.ts';
import type { Stage } from '../aws/connect.ts';
import { queueUrl } from '../aws/dead-letter-queue.ts';
import { pipelinesNamed } from '../aws/pipelines.ts';
import { targetUrl } from '../aws/put-back.ts';
import { classNames } from '../dead-letters/filter.ts';
import { ratePerSecond } from '../dead-letters/pace.ts';
import { deadLetterQueues, redriveTarget } from '../dead-letters/queues.ts';
import { Redrive, type RedriveClock } from '../dead-letters/redrive-queue.ts';
import { emptyReport, isWhole, putBackCount, type RedriveReport, reportText } from '../dead-letters/redrive-report.ts';
import { exitCodes } from '../exit-code.ts';
import { HelpfulError, UsageError } from '../helpful-error.ts';
import { interruptible } from '../interruption.ts';
import { withProgress } from '../progress.ts';
import { numberBetween, oneOf, several } from './parse-options.ts';
import { openStage, withStageOptions } from './stage-options.ts';

const Options = z.object({
  stack: z.string().optional(),
  local: z.boolean().optional(),
  all: z.boolean().default(false),
  class: z.array(z.string()).default([]),
  id: z.array(z.string()).default([]),
  rate: z.number(),
  dryRun: z.boolean().default(false),
  json: z.boolean().default(false),
});
type Options = z.output<typeof Options>;

const clock: RedriveClock = {
  nowMs: Date.now,
  // Whoever is interrupted asks the signal.
  sleep: (milliseconds, signal) => setTimeout(milliseconds, undefined, signal ? { signal } : {}).catch(() => {}),
};

const help = `
Examples:
  sluice redrive "customer 7" --dry-run        what would be put back
  sluice redrive "customer 7"                  all of one group
  sluice redrive --all --class TRANSIENT       of every group, what a calmer moment may mend
  sluice redrive A --id order-4711 --rate 1    one task

A task keeps its id, its attributes and the history of its attempts, and gets its attempts anew. It is
sent first and deleted then: cut off in between it is there twice, which a consumer with our library
knows for a duplicate. What dies again meanwhile is left for the next run.`;

export const redriveCommand = (): Command =>
  withStageOptions(new Command('redrive'))
    .summary('puts dead letters back on their queue')
    .description('Puts the dead letters of one task group, or all, back on its queue, at a rate.')
    .argument('[group]', 'task group')
    .option('--all', 'of every group')
    .option('--class <classes>', `only of these classes: ${classNames.join(', ')}`, oneOf(classNames))
    .option('--id <task>', 'only this task (or message) id; may be given more than once', several)
    .option('--rate <n>', 'tasks a second, over all groups', numberBetween(ratePerSecond.min, ratePerSecond.max), ratePerSecond.default)
    .option('--dry-run', 'look and count, put nothing back')
    .option('--json', 'the outcome as one JSON document')
    .addHelpText('after', help)
    .action((group: string | undefined, options: unknown) => redrive(group, Options.parse(options)));

async function redrive(group: string | undefined, options: Options): Promise<void> {
  if (group === undefined && !options.all) throw new UsageError('Name a task group, or say --all for every one of them.');
  if (group !== undefined && options.all) throw new UsageError('--all is every group: leave it out, or the group.');
  const stage = await openStage(options);
  const report = emptyReport(options.dryRun);
  const progress = () => `${putBackCount(report)} ${options.dryRun ? 'found' : 'put back'}, ${report.passedOver} passed over so far`;
  try {
    await interruptible((signal) => withProgress(process.stderr, progress, () => redriveGroups(stage, group, options, report, signal)));
  } catch (error) {
    process.stderr.write(`${reportText(report)}\n`);
    throw error;
  }
  process.stdout.write(`${options.json ? JSON.stringify(report) : reportText(report)}\n`);
  if (report.interrupted) process.exitCode = exitCodes.interrupted;
  else if (!isWhole(report)) process.exitCode = exitCodes.failed;
}

async function redriveGroups(
  stage: Stage,
  group: string | undefined,
  { class: classes, id: tasks, rate, dryRun }: Options,
  report: RedriveReport,
  signal: AbortSignal,
): Promise<void> {
  const filter = { classes, tasks };
  const run = new Redrive(stage, { clock, filter, rate, dryRun, signal, startedAtMs: clock.nowMs() }, report);
  for await (const row of pipelinesNamed(stage, group)) {
    if (signal.aborted) break;
    await redriveGroup(stage, row, group !== undefined, run, report);
  }
  report.interrupted = signal.aborted;
}

async function redriveGroup(stage: Stage, row: PipelineRow, named: boolean, run: Redrive, report: RedriveReport): Promise<void> {
  const target = redriveTarget(row);
  const queues = deadLetterQueues(row, stage.output('Prefix'));
  if (!target.open) {
    if (named) throw new HelpfulError(`Nothing was put back: ${target.why}.`);
    if (queues.length > 0) report.closed.push({ group: row.taskGroup, why: target.why });
    return;
  }
  const { sqs } = stage.clients;
  for (const queue of queues) {
    const from = await queueUrl(sqs, queue.name);
    if (from !== undefined) await run.queue({ queue, from, to: await targetUrl(sqs, target.queueName), target });
  }
}
