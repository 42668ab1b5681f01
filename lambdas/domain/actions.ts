/** The steps a plan is made of: plain data, each with the reason it is there. Types only. */
import type { Tags } from '../contract/tags.ts';
import type { CodeReference, DesiredMapping, DesiredPipeline, DesiredQueue, FunctionConfiguration } from './desired.ts';

export type Action = { reason: string } & (
  | { type: 'createQueue'; queue: DesiredQueue; tags: Tags }
  | { type: 'setQueueAttributes'; url: string; attributes: Record<string, string> }
  | { type: 'tagQueue'; url: string; tags: Tags }
  | { type: 'untagQueue'; url: string; keys: string[] }
  | { type: 'deleteQueue'; url: string }
  | { type: 'createFunction'; wish: DesiredPipeline; code: CodeReference }
  | { type: 'updateFunctionConfiguration'; functionName: string; changes: Partial<FunctionConfiguration> }
  | { type: 'updateFunctionCode'; functionName: string; code: CodeReference; architecture: string }
  /** Until the function is active and its last update is done: AWS refuses the next change before. */
  | { type: 'awaitFunction'; functionName: string }
  /** One invocation with an empty batch: does the handler load? */
  | { type: 'proveFunction'; functionName: string; code: CodeReference; provenFor: string }
  | { type: 'putConcurrency'; functionName: string; reserved: number }
  | { type: 'deleteConcurrency'; functionName: string }
  | { type: 'tagFunction'; functionName: string; tags: Tags }
  | { type: 'untagFunction'; functionName: string; keys: string[] }
  | { type: 'deleteFunction'; functionName: string }
  | { type: 'createMapping'; functionName: string; queueName: string; mapping: DesiredMapping; tags: Tags }
  | { type: 'updateMapping'; id: string; mapping: DesiredMapping }
  | { type: 'deleteMapping'; id: string }
  /** A mapping that still deletes would outlive its queue and make the next one fail. */
  | { type: 'awaitMappingGone'; id: string }
);
