/** A batch of hints: each target once, and the start of waiting jobs once; one that fails comes back alone. */
import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { messageVisibility } from '../aws/message-visibility.ts';
import { DispatchHint } from '../contract/job-messages.ts';
import { again, done, eachRecord, type Outcome } from '../framework/sqs-batch.ts';
import type { DispatchServices } from './dispatch-services.ts';
import { lookAtTarget } from './look-at-target.ts';
import { startWaiting } from './start-waiting.ts';

/** Left of the function's time for what is in flight to be answered, and written down. */
const spareMs = 12_000;

/** A hint that comes back for hours is replaced by a new one, well before SQS gives it up for having come too often. */
const mostReceives = 900;

export function createDispatcher(services: DispatchServices) {
  const { clients, clock, log, hints } = services;
  const changeVisibility = messageVisibility(clients.sqs);
  const comeBack = (record: SQSRecord, seconds: number) => changeVisibility(record.eventSourceARN, record.receiptHandle, seconds);

  return async (event: SQSEvent, remainingMs: number): Promise<SQSBatchResponse> => {
    const endMs = clock.nowMs() + Math.max(1_000, remainingMs - spareMs);
    const met = new Set<string>();
    /** Hints of one batch about the same are met by one look, and one of them comes back where there is more to do. */
    const once = async (key: string, look: () => Promise<Outcome>) => {
      if (met.has(key)) return done;
      met.add(key);
      return look();
    };
    return eachRecord(event, { log, comeBack }, async (record) => {
      const hint = DispatchHint.safeParse(readJson(record.body));
      if (!hint.success) {
        log.error('not a hint', { messageId: record.messageId });
        return done;
      }
      if (hint.data.kind === 'schedule') {
        return once('schedule', () => startWaiting(services, endMs).then(() => done));
      }
      if (hint.data.kind === 'placing') {
        await hints.placing(hint.data.hint);
        return done;
      }
      const { target } = hint.data;
      return once(target, async () => {
        if (!(await lookAtTarget(services, target, endMs))) return done;
        if (Number(record.attributes.ApproximateReceiveCount) < mostReceives) return again(0);
        await hints.target(target);
        return done;
      });
    });
  };
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
