/** A batch of hints → looks, side by side. Which queue they came on does not matter: the hint says its class. */
import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { messageVisibility } from '../aws/message-visibility.ts';
import type { Services } from '../aws/services.ts';
import { Hint } from '../contract/messages.ts';
import { problemsOf } from '../contract/problems.ts';
import { done, eachRecord, type Outcome } from '../framework/sqs-batch.ts';
import type { LookTime } from './look.ts';
import { lookAtGroup } from './look-at-group.ts';
import { rollOutRelease } from './roll-out-release.ts';

/** Time kept back at the end of an invocation: for the call under way, the row and the lease. */
const reserveMs = 15_000;

/** A hint that came back this often (a long drain) is let go: the sweep goes on with its group. */
const mostReceives = 500;

export function createReconciler(services: Services) {
  const visibility = messageVisibility(services.clients.sqs);
  const batch = {
    log: services.log,
    comeBack: (record: SQSRecord, seconds: number) => visibility(record.eventSourceARN, record.receiptHandle, seconds),
  };
  return (event: SQSEvent, remainingMs: number): Promise<SQSBatchResponse> => {
    const time: LookTime = { deadlineMs: services.clock.nowMs() + remainingMs - reserveMs };
    return eachRecord(event, batch, (record) => reconcileRecord(services, record, time));
  };
}

async function reconcileRecord(services: Services, record: SQSRecord, time: LookTime): Promise<Outcome> {
  const receives = Number(record.attributes.ApproximateReceiveCount);
  const hint = parseHint(services, record);
  if (!hint || receives > mostReceives) return done;
  if (hint.kind === 'release') return rollOutRelease(services, hint, receives, time);
  return lookAtGroup(services, hint, receives, time);
}

/** Only we write these queues: what does not parse says nothing that a sweep would not find. */
function parseHint({ log }: Services, record: SQSRecord): Hint | undefined {
  try {
    const raw: unknown = JSON.parse(record.body);
    const parsed = Hint.safeParse(raw);
    if (parsed.success) return parsed.data;
    log.error('not a hint', { messageId: record.messageId, problems: problemsOf(parsed.error, raw) });
  } catch {
    log.error('not a hint', { messageId: record.messageId, problems: ['body: not JSON'] });
  }
  return undefined;
}
