/** When a stack's pipelines count as gone, and when as stuck. */
import { describe, expect, it } from 'vitest';
import type { PipelineRow } from '../../lambdas/contract/pipeline-row.ts';
import { nextRow } from '../../lambdas/domain/status.ts';
import { judge } from '../../lambdas/stack-cleaner/judge.ts';

const minute = 60_000;
const row = (taskGroup: string, phase: PipelineRow['phase'], message = '', changes: Partial<PipelineRow> = {}) =>
  nextRow(undefined, taskGroup, phase, message, '', changes);
const stuckDrain = row('a', 'Draining', '3 messages left, but the group is paused', {
  drain: { queueUrl: 'a', startedAtMs: 0, emptyLooks: 0, deadLettersSeen: false, watched: false },
});
const draining = row('b', 'Draining', '3 messages left, sending is denied');
const failed = row('c', 'Failed', 'AccessDenied');
const kept = row('d', 'Deleting', 'removed, but for d-dlq', {
  keptDeadLetterQueues: ['d-dlq'],
  resources: { deadLetterQueueUrl: 'd-dlq' },
});
const withFormerDeadLetters = row('e', 'Active', 'runs', {
  keptDeadLetterQueues: ['e-dlq.fifo'],
  resources: { queueUrl: 'e', functionName: 'e', mappingId: 'm' },
});

describe('the end of a stack', () => {
  it.each<[string, PipelineRow[], number, string]>([
    ['nothing left, but a look may have begun before', [], 3_999, 'waiting'],
    ['nothing left', [], 4_000, 'clean'],
    ['only dead letters left', [kept], minute, 'clean'],
    ['a pipeline that also has dead letters of a former queue', [withFormerDeadLetters], 2 * minute, 'waiting'],
    ['something going', [draining], 2 * minute, 'waiting'],
    ['something going beside something stuck', [draining, stuckDrain, failed], 2 * minute, 'waiting'],
    ['all stuck, but too early to say', [stuckDrain], minute - 1, 'waiting'],
    ['all stuck', [stuckDrain, failed, kept], minute, 'stuck'],
    ['something going for longer than CloudFormation waits', [draining], 55 * minute, 'stuck'],
  ])('%s', (_what, rows, runningMs, kind) => expect(judge(rows, runningMs, 'drain').kind).toBe(kind));

  it('says which pipelines are left, why and what to do', () => {
    const verdict = judge([stuckDrain, failed], minute, 'drain');
    expect(verdict).toMatchObject({
      reason: expect.stringMatching(/^2 pipelines are left: a \(Draining: 3 messages left.*c \(Failed: AccessDenied\).*onDelete: discard/),
    });
  });

  it('takes dead letters along when it discards', () => expect(judge([kept], 0, 'discard').kind).toBe('waiting'));

  it('names a few of many', () => {
    const many = Array.from({ length: 2_000 }, (_, i) => row(`group ${i}`, 'Failed', 'x'.repeat(20)));
    const verdict = judge(many, minute, 'drain');
    expect(verdict).toMatchObject({ reason: expect.stringContaining('and 1995 more') });
  });
});
