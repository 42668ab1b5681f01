/** A batch of hints → what they are about, each thing once. A hint says that something changed; what, is read. */
import type { SQSRecord } from 'aws-lambda';
import { PlacingHint } from '../contract/job-messages.ts';
import type { Log } from '../framework/log.ts';
import { readHint } from '../framework/read-hint.ts';

export interface Hinted {
  jobs: ReadonlySet<string>;
  pools: ReadonlySet<string>;
  /** Keys of items of limits. */
  limits: ReadonlySet<string>;
  sweep: boolean;
}

export function hintedBy(records: readonly SQSRecord[], log: Log): Hinted {
  const hints = records.flatMap((record) => readHint(PlacingHint, record, log) ?? []);
  return {
    jobs: new Set(hints.flatMap((hint) => (hint.kind === 'job' ? [hint.job] : []))),
    pools: new Set(hints.flatMap((hint) => (hint.kind === 'pool' ? [hint.taskGroup] : []))),
    limits: new Set(hints.flatMap((hint) => (hint.kind === 'limits' ? [hint.key] : []))),
    sweep: hints.some(({ kind }) => kind === 'sweep'),
  };
}
