/** Letters and dead letters for tests. */
import type { DeadLetter } from '../../cli/dead-letters/dead-letter.ts';
import type { Letter } from '../../lambdas/contract/task-wire.ts';

export const diedAt = '2026-01-01T00:00:00.000Z';

export const letter = (change: Partial<Letter> = {}): Letter => ({
  v: 1,
  task: 'task 1',
  group: 'A',
  class: 'DATA',
  message: 'it failed',
  attempt: 2,
  time: diedAt,
  redrives: 0,
  history: [],
  by: 'sluice',
  ...change,
});

export const dead = (change: Partial<DeadLetter> = {}): DeadLetter => ({
  queue: { group: 'A', name: 'A-dlq', pipeline: 'A' },
  messageId: 'message 1',
  receiptHandle: 'receipt',
  body: '{"secret":"in the body"}',
  attributes: {},
  messageGroup: undefined,
  task: 'task 1',
  job: undefined,
  redrives: 0,
  sentAtMs: Date.parse(diedAt),
  receives: 1,
  letter: letter(),
  earlier: undefined,
  ...change,
});
