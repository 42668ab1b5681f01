/** Who is on a code key: all its pipelines for a rollout, a few of them to prove a release with. Reads only. */
import type { Services } from '../aws/services.ts';
import { defaultsGroup } from '../contract/names.ts';
import type { PipelineRow } from '../contract/pipeline-row.ts';
import type { Release } from '../contract/release-row.ts';
import { type DesiredPipeline, desiredPipeline } from '../domain/desired.ts';
import { effectiveItem } from '../domain/effective-item.ts';

export interface Prover {
  desired: DesiredPipeline;
  /** Its pipeline works: what AWS or the handler says is of the zip, not of the item. */
  works: boolean;
}

const mostProvers = 3;

/**
 * A few pipelines on the key as they would be on this release, those that work first, then by name; one whose item is
 * bad now, as it last was.
 */
export async function provers(services: Services, { codeKey, version }: Release): Promise<Prover[]> {
  const defaults = await services.config.get(defaultsGroup);
  const works = (row: PipelineRow) => row.appliedAt !== undefined && ['Active', 'Paused', 'Updating'].includes(row.phase);
  const rows = await pipelinesOn(services, codeKey);
  const found: Prover[] = [];
  for (const row of [...rows.filter(works), ...rows.filter((other) => !works(other))]) {
    const item = await services.config.get(row.taskGroup);
    const present = effectiveItem(item, defaults, services.stage);
    const verdict = present.valid ? present : effectiveItem(row.effective, undefined, services.stage);
    if (verdict.valid && verdict.item.code.key === codeKey)
      found.push({ desired: desiredPipeline(verdict.item, version, services.stage), works: works(row) });
    if (found.length === mostProvers) break;
  }
  return found;
}

/** Those without a pin, in order of name. */
export async function pipelinesOn({ pipelines }: Services, codeKey: string): Promise<PipelineRow[]> {
  const found: PipelineRow[] = [];
  for await (const rows of pipelines.rows()) found.push(...rows.filter((row) => row.codeKey === codeKey && !row.pinned));
  return found.sort((a, b) => (a.taskGroup < b.taskGroup ? -1 : 1));
}
