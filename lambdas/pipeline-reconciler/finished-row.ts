/** The status of a group whose plan was carried out. */
import type { Applied } from '../aws/apply-plan.ts';
import type { Phase, PipelineResources, PipelineRow, RunningRelease } from '../contract/pipeline-row.ts';
import type { Observed } from '../domain/observed.ts';
import { activeMessage, nextRow, without } from '../domain/status.ts';
import type { Look } from './look.ts';
import type { Wish } from './wish.ts';

export function finishedRow(look: Look, wish: Wish, observed: Observed, applied: Applied): PipelineRow {
  const { item, desired, waits } = wish;
  const phase: Phase = waits ? 'Waiting' : item.paused ? 'Paused' : 'Active';
  const release = runningRelease(look.row, wish, observed, applied);
  const message = waits?.message ?? (item.paused ? 'paused: its mapping is disabled, tasks stay queued' : activeMessage(item, release));
  const reserved = desired.reservedConcurrency;
  const row = nextRow(look.row, look.taskGroup, phase, message, look.now(), {
    resources: resourcesOf(wish, observed, applied),
    ...wished(wish),
    attempts: 0,
    ...(release ? { release } : {}),
    ...(waits ? {} : { appliedHash: wish.hash, appliedAt: look.now() }),
    ...(reserved === undefined ? {} : { reserved }),
  });
  const applicable = withoutOwnDeadLetters(waits ? without(row, 'appliedHash') : row);
  return reserved === undefined ? without(applicable, 'reserved') : applicable;
}

/** What the row keeps of the item: how it is to be removed hangs on it when the item is gone. */
export function wished({ item, warnings }: Wish): Partial<PipelineRow> {
  return { effective: { ...item }, warnings, codeKey: item.code.key, pinned: item.code.version !== undefined };
}

/** Also what a queue being replaced leaves behind is written down: the row is how the next look finds it. */
export function resourcesOf({ desired }: Wish, observed: Observed, applied: Applied): PipelineResources {
  const queueUrl = observed.queue?.url ?? applied.queueUrls[desired.queue.name];
  const deadLetterQueueUrl = observed.deadLetterQueue?.url ?? applied.queueUrls[desired.deadLetterQueue.name];
  const mappingId = applied.mappingId ?? observed.mappings[0]?.id;
  const hasFunction = observed.function !== undefined || applied.codeSha256 !== undefined;
  return {
    ...(queueUrl ? { queueUrl } : {}),
    ...(deadLetterQueueUrl ? { deadLetterQueueUrl } : {}),
    ...(hasFunction ? { functionName: desired.functionName } : {}),
    ...(mappingId ? { mappingId } : {}),
  };
}

function runningRelease(row: PipelineRow | undefined, { desired }: Wish, observed: Observed, applied: Applied): RunningRelease | undefined {
  const { code } = desired;
  if (!code) return row?.release;
  const codeSha256 = applied.codeSha256 ?? observed.function?.codeSha256 ?? row?.release?.codeSha256 ?? '';
  return { codeKey: code.key, version: code.version, codeSha256 };
}

/** Written again after a removal that kept its dead-letter queue: it is the group's own once more. */
function withoutOwnDeadLetters(row: PipelineRow): PipelineRow {
  const kept = row.keptDeadLetterQueues?.filter((url) => url !== row.resources.deadLetterQueueUrl) ?? [];
  const rest = without(row, 'keptDeadLetterQueues');
  return kept.length > 0 ? { ...rest, keptDeadLetterQueues: kept } : rest;
}
