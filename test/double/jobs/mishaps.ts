/** What goes wrong around our functions, by chance: processes die at a call, answers are lost, sends are refused in part. */
import { SendMessageBatchCommand } from '@aws-sdk/client-sqs';
import { TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import type { Clients } from '../../../lambdas/aws/clients.ts';
import type { Caller } from '../aws/caller.ts';
import { AwsError, connectionLost } from '../aws/errors.ts';
import type { Random } from '../aws/random.ts';

/** Chances, from 0 to 1 each. */
export interface Mishaps {
  /** That a process of ours dies right before or right after a call, each time. */
  diesAtCall: number;
  /** That a call is done and its answer lost: the SDK makes it again. */
  answerLost: number;
  /** That it is lost for the last time the SDK tries. */
  answerLostForGood: number;
  /** That a transaction meets somebody else's at the same items. */
  conflict: number;
  /** That a send of tasks is throttled. */
  sendThrottled: number;
  /** That an entry of a send of tasks is not taken. */
  entryFailed: number;
  /** That a hint is lost on its way, and that it comes twice. */
  hintLost: number;
  hintTwice: number;
  /** That a report comes twice, and that it comes late, behind others. */
  reportTwice: number;
  reportLate: number;
  /** That a consumer dies in a task. */
  consumerDies: number;
}

export const noMishaps: Mishaps = {
  diesAtCall: 0,
  answerLost: 0,
  answerLostForGood: 0,
  conflict: 0,
  sendThrottled: 0,
  entryFailed: 0,
  hintLost: 0,
  hintTwice: 0,
  reportTwice: 0,
  reportLate: 0,
  consumerDies: 0,
};

type Send = (command: { input: object }) => Promise<unknown>;

/** The client, with mishaps at each of its calls; `once`: one that makes no call again by itself. */
export function faulty<Client extends object>(
  client: Client,
  caller: Caller,
  random: Random,
  mishaps: () => Mishaps,
  once = false,
): Client {
  const { send } = client as { send: Send };
  const happens = (mishap: keyof Mishaps) => random() < mishaps()[mishap];
  const mayDie = () => happens('diesAtCall') && caller.kill();
  const sendFaultily: Send = async (command) => {
    mayDie();
    if (command instanceof TransactWriteCommand && happens('conflict')) throw conflictIn(command);
    const answer = await send(command);
    mayDie();
    const isLost = happens('answerLost');
    if (!caller.alive || (isLost && !once)) return send(command);
    if (isLost || happens('answerLostForGood')) throw connectionLost();
    return answer;
  };
  return { ...client, send: sendFaultily };
}

/** As DynamoDB says it (API_TransactWriteItems): nothing was done, and no condition was refused. */
function conflictIn({ input }: TransactWriteCommand): AwsError {
  const CancellationReasons = (input.TransactItems ?? []).map((_, i) => ({ Code: i === 0 ? 'TransactionConflict' : 'None' }));
  return new AwsError('TransactionCanceledException', 'Transaction cancelled, please refer cancellation reasons', 400, {
    CancellationReasons,
  });
}

/** A client that sends tasks: throttled now and then, and taking some entries only. */
export function grudging(sqs: Clients['sqs'], random: Random, mishaps: () => Mishaps): Clients['sqs'] {
  const { send } = sqs as unknown as { send: Send };
  const sendSome: Send = async (command) => {
    if (!(command instanceof SendMessageBatchCommand)) return send(command);
    const { sendThrottled, entryFailed } = mishaps();
    if (random() < sendThrottled) throw new AwsError('ThrottlingException', 'Rate exceeded', 400);
    const { Entries = [], QueueUrl } = command.input;
    const Failed = Entries.filter(() => random() < entryFailed);
    const taken = Entries.filter((entry) => !Failed.includes(entry));
    const failed = Failed.map(({ Id }) => ({ Id, Code: 'InternalFailure', Message: 'internal', SenderFault: false }));
    if (taken.length === 0) return { Successful: [], Failed: failed };
    const answer = await send(new SendMessageBatchCommand({ QueueUrl, Entries: taken }));
    return { ...(answer as object), Failed: [...(answer as { Failed: object[] }).Failed, ...failed] };
  };
  return { ...sqs, send: sendSome } as Clients['sqs'];
}
