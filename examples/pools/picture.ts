/** The live picture: the pools side by side with who runs there, and the customers below; or one line of all that. Pure. */
import { customers, type Pool, pools, shortName } from './offer.ts';
import { customerOf, poolOf, type Sample, type SeenJob, standingOf } from './sample.ts';

const columnWidth = 34;
const between = '  ';
const slots = Math.max(...pools.map(({ capacity }) => capacity.maxJobs));
const quantityLines = Math.max(...pools.map(({ capacity }) => Object.keys(capacity.quantities ?? {}).length));

/** Always as many lines, so that nothing jumps. `limitsPassed`: so far. */
export function picture(sample: Sample, limitsPassed: number): string[] {
  const columns = pools.map((pool) => poolColumn(pool, sample));
  const heights = columns[0]?.length ?? 0;
  const lines = Array.from({ length: heights }, (_, line) =>
    columns
      .map((column) => cell(column[line] ?? ''))
      .join(between)
      .trimEnd(),
  );
  return [headline(sample, limitsPassed), '', ...lines, '', ...customerLines(sample)];
}

function headline({ seconds, jobs, placement }: Sample, limitsPassed: number): string {
  const { waits, runs, back, done, failed } = counts(jobs);
  const on = `${runs} on pools (limit ${placement.maxJobs})`;
  return `${seconds.toFixed(0).padStart(3)} s  ${jobs.length} jobs: ${done} done, ${failed} failed, ${on}, ${waits} wait, ${back} come back.  Limits passed: ${limitsPassed}`;
}

function poolColumn({ taskGroup, place, isOutside, capacity }: Pool, sample: Sample): string[] {
  const seen = poolOf(sample, taskGroup);
  const here = sample.jobs.filter((job) => standingOf(job) === 'runs' && job.job?.lease?.pool === taskGroup);
  const ended = sample.jobs.filter(({ job }) => job?.pool === taskGroup && job.lease === undefined);
  const failures = sample.jobs.filter(({ job }) => job?.history?.length && job.pool === taskGroup).length;
  const done = ended.filter((job) => standingOf(job) === 'done').length;
  const where = isOutside ? ', outside Lambda' : place === undefined ? '' : `, near ${place}/`;
  const quantities = Object.entries(capacity.quantities ?? {});
  return [
    `${shortName(taskGroup).toUpperCase()}  ${here.length}/${capacity.maxJobs} jobs${where}`,
    ...filled(
      quantities.map(([name, total]) => useLine(name, seen?.quantities[name]?.used ?? 0, total)),
      quantityLines,
    ),
    ...filled(
      here.map(jobLine),
      slots,
      Array.from({ length: slots }, (_, i) => (i < capacity.maxJobs ? '  ·' : '')),
    ),
    `  ${done} done${failures > 0 ? `, ${failures} failed attempt${failures > 1 ? 's' : ''}` : ''}`,
  ];
}

const useLine = (name: string, used: number, total: number) => `  ${name.padEnd(9)}${bar(used / total, 10)} ${used}/${total}`;

const jobLine = ({ customer, priority, kind, n, place }: SeenJob) =>
  `  ${shortName(customer).padEnd(7)}${priority.padEnd(9)}${kind} ${n}${place === undefined ? '' : ` ${place}/`}`;

function customerLines(sample: Sample): string[] {
  const rows = customers.map(({ name, weight, maxJobs }) => {
    const { waits, runs, back, done, failed } = counts(sample.jobs.filter(({ customer }) => customer === name));
    const share = customerOf(sample, name)?.share ?? 0;
    return [
      shortName(name).padEnd(9),
      String(weight).padStart(6),
      `${runs}/${maxJobs ?? '-'}`.padStart(9),
      String(waits + back).padStart(8),
      `  ${bar(share, 10)} ${percent(share).padStart(4)}`,
      String(done).padStart(5),
      String(failed).padStart(7),
    ].join('');
  });
  return [`${'customer'.padEnd(9)}weight on pools waiting  share, by weight  done failed`, ...rows];
}

/** Where lines cannot be redrawn: everything on one. */
export function sentence(sample: Sample, limitsPassed: number): string {
  const onPools = pools.map(({ taskGroup, capacity }) => {
    const here = sample.jobs.filter(({ job }) => job?.lease?.pool === taskGroup);
    const who = here.map(({ customer, priority, n }) => `${shortName(customer)} ${priority} ${n}`).join(', ');
    return `${shortName(taskGroup)} ${here.length}/${capacity.maxJobs}${who && ` (${who})`}`;
  });
  const waiting = customers.map(({ name }) => {
    const { waits, back } = counts(sample.jobs.filter(({ customer }) => customer === name));
    return `${shortName(name)} ${waits + back}`;
  });
  const { done, failed } = counts(sample.jobs);
  const ends = `${done} done, ${failed} failed of ${sample.jobs.length}; limits passed: ${limitsPassed}`;
  return `${sample.seconds.toFixed(0).padStart(4)} s  ${onPools.join('  ')} | wait: ${waiting.join(', ')} | ${ends}`;
}

function counts(jobs: readonly SeenJob[]) {
  const by = Map.groupBy(jobs, standingOf);
  const of = (standing: Parameters<typeof by.get>[0]) => by.get(standing)?.length ?? 0;
  return { waits: of('waits'), runs: of('runs'), back: of('comes back'), done: of('done'), failed: of('failed') };
}

const filled = (lines: string[], count: number, empty: string[] = []) =>
  Array.from({ length: count }, (_, i) => lines[i] ?? empty[i] ?? '');

const cell = (text: string) => text.slice(0, columnWidth).padEnd(columnWidth);

/** Never outside of its width, whatever is passed. */
function bar(share: number, width: number): string {
  const full = Math.min(width, Math.max(0, Math.round(share * width)));
  return '█'.repeat(full) + '░'.repeat(width - full);
}

export const percent = (share: number) => `${(share * 100).toFixed(0)}%`;
