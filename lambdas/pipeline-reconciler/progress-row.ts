/** The status of a group that is being changed. */
import type { LimitsMemory, PipelineRow } from '../contract/pipeline-row.ts';
import { nextRow, without, workingMessage } from '../domain/status.ts';
import { wished } from './finished-row.ts';
import type { Look } from './look.ts';
import type { Wish } from './wish.ts';

export function progressRow(look: Look, wish: Wish, limits: LimitsMemory | undefined, message = 'in progress'): PipelineRow {
  const { row } = look;
  const { limited, changesMapping } = wish.cooling;
  // A mapping that is disabled or enabled for a cooling is no change of the group.
  const works = row !== undefined && row.appliedHash === wish.hash && row.phase === 'Active' && changesMapping;
  const phase = works ? row.phase : row?.appliedAt === undefined ? 'Creating' : 'Updating';
  const says = works ? workingMessage(wish.item, row.release, wish.cooling) : message;
  const next = nextRow(row, look.taskGroup, phase, says, look.now(), {
    ...wished(wish),
    ...(row?.drain ? { drain: row.drain } : {}),
    ...(limits ? { limits } : {}),
    ...(limited ? { limited } : {}),
  });
  // Until it is done nothing is applied in full: a crash on the way must not pass for the wish before.
  return without(without(next, 'appliedHash'), 'withheld');
}
