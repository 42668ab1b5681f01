/** The Lambda client of one look: `paced` waits for its turn in the control-plane budget before every call. */
import type { LambdaClient } from '@aws-sdk/client-lambda';
import type { HintClass } from '../contract/messages.ts';
import type { Clients } from './clients.ts';

export interface PacedLambda {
  paced: Clients['lambda'];
  /** For GetFunction and Invoke, which do not count among the 15 calls a second. */
  unpaced: Clients['lambda'];
  /** When a function that is being made or changed is first looked at: soon where somebody waits, later in a rollout of thousands. */
  firstLookMs: number;
  /** Epoch milliseconds after which nothing is waited for any more. */
  deadlineMs: number;
}

const firstLookMs: Record<HintClass, number> = { change: 250, rollout: 1_200, sweep: 1_200 };

export function pacedLambda(lambda: Clients['lambda'], hintClass: HintClass, deadlineMs: number, turn: () => Promise<void>): PacedLambda {
  // The SDK's `send` is overloaded; what goes in and comes out is passed through untouched.
  const send = (async (command: Parameters<LambdaClient['send']>[0]) => {
    await turn();
    return lambda.send(command);
  }) as LambdaClient['send'];
  return { paced: { send }, unpaced: lambda, firstLookMs: firstLookMs[hintClass], deadlineMs };
}
