/** The status of a group whose plan was carried out. */
import type { Applied } from '../aws/apply-plan.ts';
import type { LimitsMemory, Phase, PipelineResources, PipelineRow, RunningRelease } from '../contract/pipeline-row.ts';
import type { Waiting } from '../domain/limit-change.ts';
import type { Observed } from '../domain/observed.ts';
import { nextRow, without, workingMessage } from '../domain/status.ts';
import type { Look } from './look.ts';
import type { Wish } from './wish.ts';

/** What holds once a plan was carried out, beside the wish. */
export interface Reached {
  limits?: LimitsMemory | undefined;
  /** The rest of the wish has to wait; looked at again then. */
  waiting?: Waiting | undefined;
}

export function finishedRow(look: Look, wish: Wish, observed: Observed, applied: Applied, { limits, waiting }: Reached): PipelineRow {
  const { item, desired, waits, cooling } = wish;
  const phase: Phase = waits ? 'Waiting' : waiting ? 'Updating' : item.paused ? 'Paused' : 'Active';
  const release = runningRelease(look.row, wish, observed, applied);
  const message = waits?.message ?? waiting?.message ?? workingMessage(item, release, cooling);
  const reserved = desired.reservedConcurrency;
  const whole = !waits && !waiting;
  const row = nextRow(withoutPassing(look.row), look.taskGroup, phase, message, look.now(), {
    resources: resourcesOf(wish, observed, applied),
    ...wished(wish),
    attempts: 0,
    ...(release ? { release } : {}),
    ...(whole ? { appliedHash: wish.hash, appliedAt: look.now() } : {}),
    ...(reserved === undefined ? {} : { reserved }),
    ...(limits ? { limits } : {}),
    ...(waiting ? { withheld: { hash: wish.hash, untilMs: waiting.untilMs } } : {}),
    ...(cooling.limited ? { limited: cooling.limited } : {}),
  });
  return withoutOwnDeadLetters(row);
}

/** What a look finds anew or leaves out. */
function withoutPassing(row: PipelineRow | undefined): PipelineRow | undefined {
  if (!row) return undefined;
  const { appliedHash: _hash, reserved: _reserved, limits: _limits, withheld: _withheld, limited: _limited, ...rest } = row;
  return rest;
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
