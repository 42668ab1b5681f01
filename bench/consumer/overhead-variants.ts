/** The same trivial task through nothing at all, through Powertools, and through our runtime with its features one by one. */
import { openSync, writeSync } from 'node:fs';
import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import * as v from 'valibot';
import { z } from 'zod';
import { portsOver } from '../../consumer/aws/aws-ports.ts';
import { consumerSettings } from '../../consumer/runtime/consumer-settings.ts';
import { type Definition, definitionOf } from '../../consumer/runtime/definition.ts';
import { runBatch } from '../../consumer/runtime/run-batch.ts';
import { createRuntime } from '../../consumer/runtime/runtime.ts';
import { lambdaEnvironment } from './lambda-environment.ts';
import { answeredAtOnce, type StubAws, stubAws } from './stub-aws.ts';

export interface Variant {
  name: string;
  handler: (event: SQSEvent) => Promise<SQSBatchResponse>;
  /** AWS calls by operation, so far. */
  calls: ReadonlyMap<string, number>;
}

interface Order {
  orderId: number;
  customer: string;
  cents: number;
}

const tasks = { done: 0 };

/** Proof that every task ran. */
export const tasksDone = () => tasks.done;

async function order({ cents }: Order): Promise<void> {
  if (cents > 0) tasks.done += 1;
}

/** What every variant adds its own part to: parse, run. */
const bareLoop: Variant['handler'] = async ({ Records }) => {
  for (const { body } of Records) await order(JSON.parse(body));
  return { batchItemFailures: [] };
};

function powertools(processInParallel: boolean): Variant['handler'] {
  const processor = new BatchProcessor(EventType.SQS);
  const recordHandler = ({ body }: { body: string }) => order(JSON.parse(body));
  return (event) => processPartialResponse(event, recordHandler, processor, { processInParallel });
}

const nowhere = openSync('/dev/null', 'w');

/** As `defineConsumer` makes it, but for the clients and where lines are written. */
function sluice(definition: Definition, { clients }: Pick<StubAws, 'clients'>): Variant['handler'] {
  const settings = consumerSettings(lambdaEnvironment);
  const ports = { ...portsOver(clients, settings), writeLine: (line: string) => void writeSync(nowhere, line) };
  const runtime = createRuntime(definition, settings, ports, 0);
  return async ({ Records }) => runBatch(runtime, Records, remainingMs);
}

/** A function's default timeout. */
const remainingMs = 30_000;

const off = { duplicates: false, metrics: false } as const;
const untyped = (body: unknown) => order(body as Order);
const zodOrder = z.object({ orderId: z.number(), customer: z.string(), cents: z.number() });
const valibotOrder = v.object({ orderId: v.number(), customer: v.string(), cents: v.number() });

/** Each feature alone, beside everything off. */
const definitions: Record<string, () => Definition> = {
  'sluice: schema, duplicates, metrics off': () => definitionOf({ task: untyped, ...off }),
  '+ schema (zod)': () => definitionOf({ task: order, schema: zodOrder, ...off }),
  '+ schema (valibot)': () => definitionOf({ task: order, schema: valibotOrder, ...off }),
  '+ metrics': () => definitionOf({ task: untyped, duplicates: false }),
  '+ a log line': () =>
    definitionOf({
      ...off,
      task: (body, { log }) => {
        log.info('order', { cents: (body as Order).cents });
        return untyped(body);
      },
    }),
  '+ duplicates': () => definitionOf({ task: untyped, metrics: false }),
  '+ a step': () => definitionOf({ task: (body, { step }) => step('order', () => untyped(body)), ...off }),
  'as it comes (duplicates, metrics)': () => definitionOf({ task: untyped }),
};

export const names = { powertools: 'Powertools BatchProcessor', off: 'sluice: schema, duplicates, metrics off' };

export function variants(): Variant[] {
  const none = new Map<string, number>();
  const ours = Object.entries(definitions).map(([name, definition]) => {
    const aws = stubAws();
    return { name, handler: sluice(definition(), aws), calls: aws.calls };
  });
  const withoutSdk = sluice(definitionOf({ task: untyped, metrics: false }), { clients: answeredAtOnce });
  return [
    { name: 'bare loop', handler: bareLoop, calls: none },
    { name: names.powertools, handler: powertools(true), calls: none },
    { name: 'Powertools, one after the other', handler: powertools(false), calls: none },
    ...ours,
    { name: '+ duplicates, without the SDK’s part', handler: withoutSdk, calls: none },
  ];
}
