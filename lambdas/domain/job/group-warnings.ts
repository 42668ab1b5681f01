/** What a job should say of its group: that it is paused, cools, or does not come up; and until when its tasks are kept. Pure. */
import type { PipelineRow } from '../../contract/pipeline-row.ts';

const mark = 'task group ';
export const isGroupWarning = (warning: string) => warning.startsWith(mark);

const iso = (ms: number) => new Date(ms).toISOString();

export function groupWarnings(row: PipelineRow | undefined, taskGroup: string, nowMs: number): string[] {
  if (row === undefined) return [`${mark}${taskGroup}: its pipeline is not there yet`];
  const { phase, limited, message, updatedAt } = row;
  if (limited !== undefined && limited.untilMs > nowMs)
    return [`${mark}${taskGroup} cools until ${iso(limited.untilMs)}, as its target refused it: ${limited.message}`];
  if (phase === 'Active' || phase === 'Updating') return [];
  return [`${mark}${taskGroup} is ${phase} since ${updatedAt}: ${message}${kept(row)}`];
}

/** SQS counts from when a task was sent: what is sent from now on is kept until then, what was sent before for less. */
function kept({ phase, effective, updatedAt }: PipelineRow): string {
  if (phase !== 'Paused') return '';
  const queue = effective?.['queue'];
  const seconds = typeof queue === 'object' && queue !== null && 'messageRetention' in queue ? queue.messageRetention : undefined;
  if (typeof seconds !== 'number') return '';
  return `; tasks that were on its queue by then expire from ${iso(Date.parse(updatedAt) + seconds * 1_000)} on, those not sent are stored`;
}
