/**
 * The clients that send tasks. A task that is sent starts a chain of its own: with the SDK's header it would belong to the
 * one that brought us here, by way of reports and hints, and Lambda stops a chain at its 16th round. What is sent stays
 * bounded all the same: every send moves the cursor of a stored job.
 */
import { LambdaClient } from '@aws-sdk/client-lambda';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { Clients } from '../clients.ts';

/** As the SDK names it (`@aws-sdk/core`, middleware-recursion-detection). */
const recursionGuard = 'recursionDetectionMiddleware';

/** `mostInFlight`: sends at once. Tried once each: who sends backs off itself, with all its sends. */
export function dispatchClients(mostInFlight: number): Pick<Clients, 'sqs' | 'lambda'> {
  const sockets = { keepAlive: true, maxSockets: mostInFlight };
  const options = {
    maxAttempts: 1,
    requestHandler: {
      connectionTimeout: 2_000,
      requestTimeout: 10_000,
      throwOnRequestTimeout: true,
      httpsAgent: sockets,
      httpAgent: sockets,
    },
  };
  return { sqs: unchained(new SQSClient(options)), lambda: unchained(new LambdaClient(options)) };
}

/** Throws at cold start where the SDK names it otherwise by now, instead of being stopped by Lambda one day. */
function unchained<C extends { middlewareStack: { remove(name: string): boolean } }>(client: C): C {
  if (!client.middlewareStack.remove(recursionGuard))
    throw new Error(`the SDK has no ${recursionGuard} any more; see how it sends trace ids now`);
  return client;
}
