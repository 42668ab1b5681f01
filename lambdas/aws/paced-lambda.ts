/** The Lambda client of one look: `paced` waits for its turn in the control-plane budget before every call. */
import type { LambdaClient } from '@aws-sdk/client-lambda';
import type { Clients } from './clients.ts';

export interface PacedLambda {
  paced: Clients['lambda'];
  /** For GetFunction and Invoke, which do not count among the 15 calls a second. */
  unpaced: Clients['lambda'];
}

export function pacedLambda(lambda: Clients['lambda'], turn: () => Promise<void>): PacedLambda {
  // The SDK's `send` is overloaded; what goes in and comes out is passed through untouched.
  const send = (async (command: Parameters<LambdaClient['send']>[0]) => {
    await turn();
    return lambda.send(command);
  }) as LambdaClient['send'];
  return { paced: { send }, unpaced: lambda };
}
