/** Carries a plan out, action by action, in its order. Every action may be repeated: a crash between two is no harm. */
import type { Action } from '../domain/actions.ts';
import * as functions from './functions.ts';
import * as mappings from './mappings.ts';
import type { PacedLambda } from './paced-lambda.ts';
import { proveHandlerLoads } from './proof.ts';
import * as queues from './queues.ts';
import type { Services } from './services.ts';

/** What was learnt on the way. */
export interface Applied {
  /** URL by queue name. */
  queueUrls: Record<string, string>;
  codeSha256?: string;
  mappingId?: string;
  provenFor?: string;
}

/** `beforeEach` may throw to stop: the look's time is up. */
export async function applyPlan(
  services: Services,
  lambda: PacedLambda,
  plan: readonly Action[],
  beforeEach: () => void,
): Promise<Applied> {
  const applied: Applied = { queueUrls: {} };
  for (const action of plan) {
    beforeEach();
    services.log.info(action.type, { reason: action.reason });
    await applyAction(services, lambda, action, applied);
  }
  return applied;
}

async function applyAction({ clients, stage, clock }: Services, lambda: PacedLambda, action: Action, applied: Applied): Promise<void> {
  const { paced, unpaced } = lambda;
  switch (action.type) {
    case 'createQueue':
      applied.queueUrls[action.queue.name] = await queues.createQueue(clients.sqs, action.queue, action.tags);
      return;
    case 'setQueueAttributes':
      await queues.setQueueAttributes(clients.sqs, action.url, action.attributes);
      return;
    case 'tagQueue':
      await queues.tagQueue(clients.sqs, action.url, action.tags);
      return;
    case 'untagQueue':
      await queues.untagQueue(clients.sqs, action.url, action.keys);
      return;
    case 'deleteQueue':
      await queues.deleteQueue(clients.sqs, action.url);
      return;
    case 'createFunction':
      applied.codeSha256 = await functions.createFunction(paced, stage, action.wish, action.code);
      return;
    case 'updateFunctionConfiguration':
      await functions.updateFunctionConfiguration(paced, action.functionName, action.changes);
      return;
    case 'updateFunctionCode':
      applied.codeSha256 = await functions.updateFunctionCode(paced, stage, action.functionName, action.code, action.architecture);
      return;
    case 'awaitFunction':
      await functions.awaitFunction(lambda, clock, action.functionName);
      return;
    case 'proveFunction':
      await proveHandlerLoads(unpaced, action.functionName);
      applied.provenFor = action.provenFor;
      return;
    case 'putConcurrency':
      await functions.putConcurrency(paced, action.functionName, action.reserved);
      return;
    case 'deleteConcurrency':
      await functions.deleteConcurrency(paced, action.functionName);
      return;
    case 'tagFunction':
      await functions.tagFunction(paced, stage, action.functionName, action.tags);
      return;
    case 'untagFunction':
      await functions.untagFunction(paced, stage, action.functionName, action.keys);
      return;
    case 'deleteFunction':
      await functions.deleteFunction(paced, action.functionName);
      return;
    case 'createMapping':
      applied.mappingId = await mappings.createMapping(paced, stage, action.functionName, action.queueName, action.mapping, action.tags);
      return;
    case 'updateMapping':
      await mappings.updateMapping(paced, action.id, action.mapping);
      return;
    case 'deleteMapping':
      await mappings.deleteMapping(paced, action.id);
      return;
    case 'awaitMappingGone':
      await mappings.awaitMappingGone(paced, clock, action.id);
      return;
  }
}
