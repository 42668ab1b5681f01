/** After a step of a placed job: who goes on with it hears of it, and who wants to know. Lost hints are found by the sweeps. */
import type { JobServices } from '../jobs/job-services.ts';
import type { Stepped } from './steps.ts';

type Parts = Pick<JobServices, 'hints' | 'log'>;
type Done = Omit<Extract<Stepped, { kind: 'done' }>, 'kind'>;

export async function followStep(parts: Parts, done: Done): Promise<void> {
  const { job } = done.row;
  // Whichever step it is, the scheduler's memory of the job is old now. It also sees to it that a job which is to wait is looked at in time.
  await Promise.all([parts.hints.placing({ kind: 'job', job }), goOn(parts, done)]);
}

/** The same of a step that the scheduler made itself, which knows of it. */
export async function goOn({ hints, log }: Parts, { row, event }: Done): Promise<void> {
  const { job, status, placed } = row;
  log.info('placed job changed', { job, status, step: placed.step, fence: placed.fence, pool: placed.pool, event });
  await Promise.all([
    ...(event === undefined ? [] : [hints.event({ job, event })]),
    ...(placed.step === 'validating' ? [hints.validation(job)] : []),
  ]);
}
