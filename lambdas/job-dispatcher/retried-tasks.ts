/**
 * Tasks of a job that is tried again: those that failed, and those that never ended where the job was over before. Each
 * counts as under way once it was sent, or claimed: counted before, it would hold back the others where a dispatcher dies
 * in between, as nobody would ever hear of it.
 */
import type { TaskError } from '../contract/job.ts';
import type { Located } from '../domain/job/line.ts';
import type { JobSending } from './job-sending.ts';

export function retriedTasks({ services, row, target }: JobSending) {
  const chosen = new Map<number, { n: number; id: string | undefined; error: TaskError | undefined }>();
  const attempt = target.kind === 'function' ? 1 : 0;
  return {
    /** What it failed with before. */
    errorOf: (n: number) => chosen.get(n)?.error,

    /** Those of them that are to be sent in this life, and were not. */
    async choose(located: readonly Located[]): Promise<Located[]> {
      const numbers = located.map(({ task }) => task.n);
      const rows = await services.tasks.range(row.job, Math.min(...numbers), Math.max(...numbers));
      return located.filter(({ task: { n, id } }) => {
        const known = rows.get(n);
        if (known !== undefined && (known.status === 'done' || known.life >= row.life)) return false;
        chosen.set(n, { n, id, error: known?.error });
        return true;
      });
    },

    /** Up to this one they are on their way. */
    async count(upToN = Number.POSITIVE_INFINITY): Promise<void> {
      const atMs = services.clock.nowMs();
      const sent = [...chosen.values()].filter(({ n }) => n <= upToN);
      await services.tasks.apply(
        row.job,
        sent.map((task) => ({ ...task, status: 'queued', life: row.life, attempt, atMs })),
      );
      for (const { n } of sent) chosen.delete(n);
    },
  };
}
