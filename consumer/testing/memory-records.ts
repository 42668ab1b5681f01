/** The tasks table of a test: the rules of `aws/task-records.ts` over a map. */
import { AttemptRecord, recordKeepSeconds, type StepRecord } from '../../lambdas/contract/task-table.ts';
import { beforeStart, hasExpired, isOver } from '../../lambdas/domain/task/attempt.ts';
import type { HeldTask, TaskRecords, TaskReference } from '../ports.ts';

const keyOf = ({ pipeline, task, redrives }: TaskReference) => JSON.stringify([pipeline, task, redrives]);
const expiry = (nowMs: number, keepSeconds = recordKeepSeconds) => Math.ceil(nowMs / 1_000) + keepSeconds;
const stepsKeyOf = ({ pipeline, task }: TaskReference) => JSON.stringify([pipeline, task]);

export function memoryRecords(): TaskRecords & { stepNames(task: TaskReference): string[] } {
  const attempts = new Map<string, AttemptRecord>();
  const steps = new Map<string, Map<string, StepRecord>>();
  const attemptsOf = (task: TaskReference, nowMs: number) => {
    const record = attempts.get(keyOf(task));
    return record && isOver(record, nowMs) ? undefined : record;
  };
  const stepsOf = (task: TaskReference) => steps.get(stepsKeyOf(task)) ?? new Map<string, StepRecord>();

  const isOpenTo = (record: AttemptRecord | undefined, { holder }: HeldTask) =>
    holder === undefined ? record === undefined || (record.status === 'waiting' && record.holder === undefined) : record?.holder === holder;
  const empty = (): AttemptRecord => AttemptRecord.parse({ status: 'waiting', expiresAt: 0 });
  const free = ({ holder: _holder, aliveUntilMs: _alive, ...record }: AttemptRecord): AttemptRecord => record;

  return {
    async claim(claim, nowMs) {
      const before = attemptsOf(claim, nowMs);
      if (before?.status === 'done' || before?.status === 'dead') return { kind: 'ended', record: before };
      if (before?.holder === claim.holder) return { kind: 'claimed', before: beforeStart(before) };
      if (before?.aliveUntilMs !== undefined && before.aliveUntilMs >= nowMs) return { kind: 'held', untilMs: before.aliveUntilMs };
      const { holder, aliveUntilMs } = claim;
      const record = before ?? empty();
      const { starts, firstClaimedAtMs = nowMs } = record;
      const claimed = { holder, aliveUntilMs, startedAtMs: nowMs, firstClaimedAtMs, starts: starts + 1, expiresAt: expiry(nowMs) };
      attempts.set(keyOf(claim), { ...record, ...claimed, status: 'running' });
      return { kind: 'claimed', before };
    },

    async release(claim, { excused, failed, aliveUntilMs }, nowMs) {
      const record = attemptsOf(claim, nowMs);
      if (!isOpenTo(record, claim)) return;
      const { starts, excused: before, history, ...rest } = free(record ?? empty());
      const counts = { starts: starts + (claim.holder === undefined ? 1 : 0), excused: before + (excused ? 1 : 0) };
      const kept = { expiresAt: expiry(nowMs), ...(aliveUntilMs === undefined ? {} : { aliveUntilMs }) };
      attempts.set(keyOf(claim), { ...rest, ...counts, ...kept, history: [...history, ...failed], status: 'waiting' });
    },

    async end(claim, { status, keepSeconds, failed, kept, untold }, nowMs) {
      const record = attemptsOf(claim, nowMs);
      if (!isOpenTo(record, claim)) return false;
      const { starts, history, ...rest } = free(record ?? empty());
      attempts.set(keyOf(claim), {
        ...rest,
        starts: starts + (claim.holder === undefined ? 1 : 0),
        history: [...history, ...failed],
        expiresAt: expiry(nowMs, keepSeconds),
        ...kept,
        ...(untold ? { [`${untold}AtMs`]: nowMs } : {}),
        status,
      });
      return true;
    },

    async lettered(task, deadMessageId, nowMs) {
      const record = attempts.get(keyOf(task));
      if (record) attempts.set(keyOf(task), { ...record, letteredAtMs: nowMs, deadMessageId });
    },

    async forget(claim) {
      if (claim.holder !== undefined && attempts.get(keyOf(claim))?.holder === claim.holder) attempts.delete(keyOf(claim));
    },

    async steps(task, nowMs) {
      return new Map([...stepsOf(task)].filter(([, record]) => !hasExpired(record, nowMs)));
    },

    async recordStep(task, name, record) {
      steps.set(stepsKeyOf(task), new Map([...stepsOf(task), [name, record]]));
    },

    async keepLetter() {},

    stepNames: (task) => [...stepsOf(task).keys()],
  };
}
