/** The stage's figures as they are shown. Pure. */
import type { ConcurrencyStats } from '../../lambdas/contract/job-api-stage.ts';
import { age } from '../dead-letters/shown.ts';
import { table } from '../table.ts';

/** Pages of one listing: figures of the stage are the same on each, those of groups are of its own. */
export function statsText(pages: ConcurrencyStats[], width?: number): string {
  const [first] = pages;
  const groups = pages.flatMap((page) => page.groups);
  if (!first) return 'No figures.';
  return [
    ...(groups.length === 0 ? ['No task groups.'] : [groupTable(groups, width)]),
    '',
    ...(first.permits.length === 0 ? [] : [permitTable(first.permits), '']),
    ...overallLines(first.overall),
  ].join('\n');
}

function groupTable(groups: ConcurrencyStats['groups'], width?: number): string {
  const head = ['phase', 'limit', 'in flight', 'queued', 'stored', 'oldest', 'dead', 'running', 'waiting', 'group'];
  const rows = groups.map((group) => [
    group.mappingRuns ? group.phase : `${group.phase}, not fed`,
    String(group.limit ?? '-'),
    String(group.inFlight),
    String(group.queued),
    String(group.stored),
    group.oldestAgeSeconds === undefined ? '-' : age(group.oldestAgeSeconds * 1_000),
    String(group.deadLetters),
    String(group.jobs.running),
    String(group.jobs.waiting),
    group.taskGroup,
  ]);
  return table(head, rows, width);
}

const permitTable = (permits: ConcurrencyStats['permits']) =>
  table(
    ['permit', 'total', 'free', 'waiting'],
    permits.map(({ name, total, free, waiting }) => [name, String(total), String(free), String(waiting)]),
  );

function overallLines({ jobs, jobsAreMinimums, runningJobs, maxParallelJobs, reservedConcurrency }: ConcurrencyStats['overall']): string[] {
  const counts = Object.entries(jobs).map(([status, count]) => `${count} ${status}`);
  return [
    `Jobs: ${runningJobs} of ${maxParallelJobs} run${counts.length > 0 ? `; ${jobsAreMinimums ? 'at least ' : ''}${counts.join(', ')}` : ''}.`,
    ...(reservedConcurrency === undefined
      ? []
      : [
          `Reserved concurrency of ${reservedConcurrency.account}: ${reservedConcurrency.groups} by groups, ${reservedConcurrency.own} by Sluice, ${reservedConcurrency.others} by others, ${reservedConcurrency.free} free.`,
        ]),
  ];
}
