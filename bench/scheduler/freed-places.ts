/** On the deployed app: one job is on the only place, the next one waits; how soon it is at work once the first has ended. */
import { median, quantile } from '../consumer/statistics.ts';
import { addGroup, type Stage, withStage } from '../jobs/stage.ts';
import { type Line, progress } from '../report.ts';

const rounds = 40;
const boundMs = 500;
const taskMs = 300;

export const freedPlaces = (): Promise<Line[]> => withStage(measured);

/** All handed in at once, and one at a time: between the end of each and the start of the next is what it takes. */
async function measured(stage: Stage): Promise<Line[]> {
  const { sluice } = stage;
  await addGroup(stage, 'pool', 1, { pool: { capacity: { maxJobs: 1 } } });
  await sluice.wait((await sluice.submit({ body: { ms: taskMs } })).id, { timeoutSeconds: 120 });
  progress(`${rounds} jobs, one after the other`);
  const ids: string[] = [];
  for (let i = 0; i <= rounds; i += 1) ids.push((await sluice.submit({ body: { ms: taskMs } })).id);
  const jobs = [];
  for (const id of ids) jobs.push(await sluice.wait(id, { timeoutSeconds: 600 }));
  // By the consumer's own clock, the machine's.
  const work = jobs.map(({ result }) => result as { startedAtMs: number; endedAtMs: number }).sort((a, b) => a.startedAtMs - b.startedAtMs);
  const took = work.slice(1).map(({ startedAtMs }, i) => startedAtMs - (work[i]?.endedAtMs ?? Number.NaN));
  const p95 = quantile(took, 0.95);
  return [
    { what: 'end of the work of one job to the work of the next, median', figure: `${median(took).toFixed(0)} ms` },
    {
      what: 'end of the work of one job to the work of the next, p95',
      figure: `${p95.toFixed(0)} ms`,
      target: `≤ ${boundMs} ms`,
      met: p95 <= boundMs,
    },
  ];
}
