/** Jobs whose group does not work at the moment say so, long before anything of them on a queue could expire. */
import type { JobServices } from '../aws/jobs/job-services.ts';
import { taskGroupOfTarget } from '../contract/job-messages.ts';
import { groupWarnings, isGroupWarning } from '../domain/job/group-warnings.ts';

export async function warnAboutGroups({ slots, jobs, pipelines, clock, log }: JobServices): Promise<number> {
  const { running } = await slots.read();
  let warned = 0;
  for (const [id, { target }] of Object.entries(running)) {
    const taskGroup = taskGroupOfTarget(target);
    const job = taskGroup === undefined ? undefined : await jobs.get(id);
    if (taskGroup === undefined || job === undefined) continue;
    const warnings = groupWarnings(await pipelines.get(taskGroup), taskGroup, clock.nowMs());
    const others = job.warnings.filter((warning) => !isGroupWarning(warning));
    if (warnings.length > 0) {
      warned += 1;
      log.warn('a running job waits for its group', { job: id, taskGroup, warnings });
    }
    if (JSON.stringify([...others, ...warnings]) !== JSON.stringify(job.warnings)) await jobs.warn(id, [...others, ...warnings]);
  }
  return warned;
}
