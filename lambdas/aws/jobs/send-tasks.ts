/** Sends tasks to the queue of a task group, up to ten in a call. */
import { type BatchResultErrorEntry, SendMessageBatchCommand } from '@aws-sdk/client-sqs';
import type { QueueMessage } from '../../domain/job/message.ts';
import { accepted, type EntryOutcome, type SendOutcome } from '../../domain/job/send-outcome.ts';
import type { Clients } from '../clients.ts';
import { sendFailure } from './send-failure.ts';

export const sendToQueue = (sqs: Clients['sqs'], QueueUrl: string) =>
  async function send(batch: readonly QueueMessage[]): Promise<SendOutcome> {
    const Entries = batch.map((message, i) => ({ ...message, Id: String(i) }));
    try {
      const { Successful = [], Failed = [] } = await sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
      const [first] = Failed;
      // The queue's own trouble, of which each entry tells: none of them is at fault.
      if (first !== undefined && Successful.length === 0 && Failed.every(({ Code = '' }) => ofTheQueue.test(Code)))
        return { kind: 'impossible', message: `${first.Code}: ${first.Message}` };
      const outcomes = new Map<string | undefined, EntryOutcome>(Successful.map(({ Id }) => [Id, accepted]));
      for (const failed of Failed) outcomes.set(failed.Id, outcomeOf(failed));
      return { kind: 'answered', entries: Entries.map(({ Id }) => outcomes.get(Id) ?? unanswered) };
    } catch (error) {
      const failure = sendFailure(error, (name) => faulty.test(name));
      if (failure.kind !== 'faulty') return failure;
      const [only] = batch;
      if (batch.length > 1 && only !== undefined) return oneByOne(send, batch);
      return { kind: 'answered', entries: [{ kind: 'refused', class: 'DATA', message: failure.message }] };
    }
  };

/** Errors of the whole call that one of its messages is the reason for. */
const faulty =
  /InvalidMessageContents|InvalidParameterValue|InvalidAttribute|BatchRequestTooLong|BatchEntry|ValidationError|ValidationException/;

/** Nobody may send to it any more, such as while it drains; it is gone; or its key is. */
const ofTheQueue = /AccessDenied|NonExistentQueue|QueueDoesNotExist|Kms(?!Throttled)/i;

const unanswered: EntryOutcome = { kind: 'again', message: 'SQS did not say whether it took the message' };

function outcomeOf({ Code = '', Message = '', SenderFault }: BatchResultErrorEntry): EntryOutcome {
  const message = `${Code}: ${Message}`;
  return SenderFault && !/Throttl/i.test(Code) && !ofTheQueue.test(Code)
    ? { kind: 'refused', class: 'DATA', message }
    : { kind: 'again', message };
}

/** Which of them it is only shows so; the others are not to go with it. */
async function oneByOne(
  send: (batch: readonly QueueMessage[]) => Promise<SendOutcome>,
  batch: readonly QueueMessage[],
): Promise<SendOutcome> {
  const entries: EntryOutcome[] = [];
  for (const message of batch) {
    const outcome = await send([message]);
    if (outcome.kind === 'answered') entries.push(...outcome.entries);
    // Some are taken already: the rest comes again as entries that were not.
    else entries.push({ kind: 'again', message: outcome.message });
  }
  return { kind: 'answered', entries };
}
