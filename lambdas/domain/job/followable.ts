/** Whether the tasks of a job can be followed on a task group: it must be there, stay, and report. Pure. */
import type { PipelineRow } from '../../contract/pipeline-row.ts';
import type { ItemVerdict } from '../effective-item.ts';

export type Followable = { kind: 'yes'; warnings: string[] } | { kind: 'missing' | 'refused'; message: string };

export interface SeenGroup {
  /** Of its config item; undefined where there is none. */
  verdict: ItemVerdict | undefined;
  /** Epoch seconds at which the item goes, if any. */
  expiresAt: number | undefined;
  row: PipelineRow | undefined;
  nowMs: number;
}

export function followable({ verdict, expiresAt, row, nowMs }: SeenGroup): Followable {
  if (verdict === undefined) {
    if (row === undefined) return { kind: 'missing', message: 'there is no such task group: write its item to the config table first' };
    return { kind: 'refused', message: 'the task group is being removed: write its item to the config table again, or name another' };
  }
  if (expiresAt !== undefined && expiresAt * 1_000 <= nowMs)
    return { kind: 'refused', message: 'the task group has expired (expiresAt of its item) and is being removed' };
  if (!verdict.valid) return { kind: 'refused', message: `its config item is not valid: ${verdict.problems.slice(0, 3).join('; ')}` };
  if (verdict.item.consumer !== 'sluice')
    return {
      kind: 'refused',
      message:
        'its consumer does not report what becomes of a task, so a job could not be followed: write it with the consumer library or the wire protocol, and set "consumer": "sluice" in its item',
    };
  return { kind: 'yes', warnings: verdict.item.paused ? ['the task group is paused: nothing runs until its item says otherwise'] : [] };
}
