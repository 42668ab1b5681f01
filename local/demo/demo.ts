/**
 * The demo: the seed example's tasks through Sluice and, beside it, through one shared queue; the partner both call
 * does the measuring.
 */

import { consumerZip } from '../../cli/release/consumer-zip.ts';
import type { LocalClients } from '../clients.ts';
import { inProject } from '../paths.ts';
import { type Outputs, output, sendTasks, uploadCode } from '../pipelines.ts';
import type { Step } from '../progress.ts';
import { showUntilOver } from './live.ts';
import { untilActive, writeItems } from './own-pipelines.ts';
import { type Partner, startPartner } from './partner.ts';
import { makeSharedQueue, refusedTaskWaitsSeconds, sharedConsumers } from './shared-queue.ts';
import { type GroupFigures, percent, resultTable, type SystemFigures, shortfalls, usedAtLeast } from './table.ts';
import { type DemoGroup, demoGroups, mixed, taskMilliseconds, tasksOf } from './tasks.ts';

const own = 'sluice';
const shared = 'shared';
const systems = {
  [own]: { name: 'Sluice', title: 'Sluice, a pipeline per group' },
  [shared]: { name: 'shared queue', title: `One shared queue, ${sharedConsumers} consumers` },
};

export interface Demo {
  partner: Partner;
  groups: DemoGroup[];
}

export const prepareDemo = async (seconds: number): Promise<Demo> => {
  const groups = demoGroups(seconds);
  return { groups, partner: await startPartner([own, shared], groups, taskMilliseconds) };
};

export const ownPartnerUrl = (demo: Demo) => demo.partner.urlFor(own);

/** Runs the demo and prints its table; true if Sluice kept every limit and used it. */
export async function runDemo(demo: Demo, clients: LocalClients, outputs: Outputs, step: Step, signal: AbortSignal): Promise<boolean> {
  const { partner, groups } = demo;
  await step('example consumer built and uploaded as consumer.zip', async () => {
    await uploadCode(clients, outputs, 'consumer.zip', await consumerZip(inProject('examples', 'consumer-demo')));
  });
  const queues = await step('config items A, B and C written, their pipelines Active', async (report) => {
    await writeItems(clients, outputs, groups, partner.urlFor(own));
    return untilActive(clients, outputs, groups, report, signal);
  });
  const sharedQueue = await step(`for comparison: one shared queue with ${sharedConsumers} consumers`, async () => {
    const zip = await consumerZip(inProject('examples', 'consumer-plain'));
    return makeSharedQueue(clients, output(outputs, 'ConsumerRoleArn'), zip, partner.urlFor(shared));
  });
  const count = groups.reduce((sum, group) => sum + group.tasks, 0);
  await step(`${count} tasks of one second sent to Sluice, and the same to the shared queue`, async () => {
    const toOwn = groups.map((group) => sendTasks(clients, queues.get(group.taskGroup) as string, tasksOf(group)));
    await Promise.all([...toOwn, sendTasks(clients, sharedQueue, mixed(groups))]);
  });
  await watch(demo, signal);
  return printResult(demo);
}

async function watch({ partner, groups }: Demo, signal: AbortSignal): Promise<void> {
  const isFinished = (system: string) => groups.every(({ taskGroup }) => partner.books(system).get(taskGroup)?.finished);
  // Without refusals the shared queue needs 5/4 of the time Sluice needs; it gets three times as much.
  const most = 3 * Math.max(...groups.map((group) => (group.tasks * taskMilliseconds) / group.limit / 1_000)) + 30;
  await showUntilOver(process.stdout, {
    figures: () => figuresOf({ partner, groups }),
    isOver: (seconds) => (isFinished(own) && isFinished(shared)) || seconds > most,
    signal,
  });
}

function figuresOf({ partner, groups }: Demo): SystemFigures[] {
  const now = performance.now();
  return Object.entries(systems).map(([system, names]) => ({
    ...names,
    groups: groups.flatMap(({ taskGroup, tasks }): GroupFigures[] => {
      const account = partner.books(system).get(taskGroup);
      return account ? [{ taskGroup, tasks, ...account.figures(now) }] : [];
    }),
  }));
}

function printResult(demo: Demo): boolean {
  const figures = figuresOf(demo);
  const problems = shortfalls(figures[0]?.groups ?? []);
  const lines = [
    '',
    resultTable(figures),
    '',
    problems.length === 0
      ? `Sluice kept every group's limit and used at least ${percent(usedAtLeast)} of it while there was a backlog.`
      : `Sluice fell short: ${problems.join('; ')}.`,
    sharedSentence(figures[1]?.groups ?? []),
  ];
  console.log(lines.join('\n'));
  return problems.length === 0;
}

function sharedSentence(groups: GroupFigures[]): string {
  const refused = groups.reduce((sum, group) => sum + group.refused, 0);
  const left = groups.reduce((sum, group) => sum + group.tasks - group.done, 0);
  return [
    `The shared queue was refused ${refused} times; a refused task came again after ${refusedTaskWaitsSeconds} s.`,
    left === 0 ? '' : ` It was cut short with ${left} tasks to do.`,
  ].join('');
}
