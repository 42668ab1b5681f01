/** The end of a run: tables of customers and pools, and whether all was as it must be. Pure. */
import { table } from '../../cli/table.ts';
import { type Priority, priorities } from '../../lambdas/contract/job.ts';
import { type Customer, customers, type Pool, pools, shortName } from './offer.ts';
import { percent } from './picture.ts';
import { type Sample, type SeenJob, standingOf } from './sample.ts';
import type { Tally } from './tally.ts';

export interface Summary {
  text: string;
  good: boolean;
}

export function summary({ jobs, seconds, placement }: Sample, tally: Tally): Summary {
  const undone = jobs.filter((job) => standingOf(job) !== 'done');
  const good = undone.length === 0 && tally.passed.length === 0;
  const text = [
    customerTable(jobs, tally),
    '',
    poolTable(jobs, tally),
    '',
    `${jobs.length} jobs in ${seconds.toFixed(1)} s; at most ${tally.mostOnPools} on pools at once, of ${placement.maxJobs}.`,
    nearText(jobs),
    ...attemptsText(jobs),
    tally.passed.length === 0
      ? `No limit was passed in ${tally.looks} looks.`
      : `Limits passed: ${tally.passed.length} in ${tally.looks} looks: ${tally.passed.slice(0, 10).join('; ')}.`,
    ...undone.slice(0, 10).map(undoneText),
    good ? '✔ Every job is COMPLETED, every limit was kept.' : `✖ ${undone.length} of ${jobs.length} jobs are not COMPLETED.`,
  ].join('\n');
  return { text, good };
}

function customerTable(jobs: readonly SeenJob[], tally: Tally): string {
  const row = ({ name, weight, maxJobs }: Customer) => {
    const own = jobs.filter(({ customer }) => customer === name);
    return [
      shortName(name),
      String(weight),
      String(own.length),
      `${tally.mostAtOnce(name)}/${maxJobs ?? '-'}`,
      shown(tally.mean(name, 'share')),
      ...priorities.map((priority) => waitText(own, priority)),
    ];
  };
  const head = ['customer', 'weight', 'jobs', 'most at once', 'mean share', ...priorities.map((priority) => `wait: ${priority}`)];
  return `${table(head, customers.map(row))}\n(mean / longest wait in seconds; shares by weight, while the customer had jobs waiting)`;
}

function waitText(jobs: readonly SeenJob[], priority: Priority): string {
  const waits = jobs.filter((seen) => seen.priority === priority).flatMap(({ job }) => waitSeconds(job) ?? []);
  if (waits.length === 0) return '-';
  return `${(waits.reduce((sum, one) => sum + one, 0) / waits.length).toFixed(1)} / ${Math.max(...waits).toFixed(1)}`;
}

function waitSeconds(job: SeenJob['job']): number | undefined {
  if (job?.startedAt === undefined) return undefined;
  return Math.max(0, Date.parse(job.startedAt) - Date.parse(job.createdAt)) / 1_000;
}

function poolTable(jobs: readonly SeenJob[], tally: Tally): string {
  const row = ({ taskGroup, place, isOutside, capacity }: Pool) => {
    const here = jobs.filter(({ job }) => job?.pool === taskGroup);
    const near = place === undefined ? '-' : String(here.filter((job) => job.place === place).length);
    const use = ['jobs', ...Object.keys(capacity.quantities ?? {})].map((what) => `${what} ${shown(tally.mean(taskGroup, what))}`);
    const name = `${shortName(taskGroup)}${isOutside ? ' (outside)' : ''}`;
    return [name, String(here.length), `${tally.mostAtOnce(taskGroup)}/${capacity.maxJobs}`, near, use.join(', ')];
  };
  return table(['pool', 'jobs', 'most at once', 'near their inputs', 'mean use while jobs waited'], pools.map(row));
}

function nearText(jobs: readonly SeenJob[]): string {
  const placeOf = new Map(pools.map(({ taskGroup, place }) => [taskGroup, place]));
  const withInputs = jobs.filter(({ place }) => place !== undefined);
  const near = withInputs.filter(({ job, place }) => placeOf.get(job?.pool ?? '') === place);
  return `${near.length} of ${withInputs.length} jobs with inputs ran near most of their bytes.`;
}

function attemptsText(jobs: readonly SeenJob[]): string[] {
  return jobs.flatMap((seen) =>
    (seen.job?.history ?? []).map(({ attempt, message, step }) => {
      const outcome = standingOf(seen) === 'done' ? `; done with attempt ${seen.job?.attempts}` : '';
      return `Job ${seen.n} failed in attempt ${attempt}${step === undefined ? '' : ` at step ${step}`}: ${message}${outcome}.`;
    }),
  );
}

const undoneText = ({ n, job }: SeenJob) =>
  `Job ${n}${job === undefined ? ' was not seen' : ` (${job.id}) is ${job.status}: ${job.message}`}`;

const shown = (share: number | undefined) => (share === undefined ? '-' : percent(share));
