/** Event source mappings as the double enforces them. */
import {
  DeleteEventSourceMappingCommand,
  DeleteFunctionCommand,
  GetEventSourceMappingCommand,
  ListEventSourceMappingsCommand,
  UpdateEventSourceMappingCommand,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda';
import { DeleteQueueCommand } from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import { queueArn, queueUrl, world } from './aws/support.ts';

async function ready() {
  const made = world();
  made.aws.sqs.createQueue('q', { VisibilityTimeout: '60' });
  made.aws.sqs.createQueue('q.fifo', { FifoQueue: 'true', VisibilityTimeout: '60' });
  made.aws.sqs.createQueue('short', { VisibilityTimeout: '29' });
  await made.createFunction();
  await made.advance(5_000);
  return made;
}

describe('creating a mapping', () => {
  it.each([
    ['a queue that is not there', { EventSourceArn: queueArn('none') }, 'InvalidParameterValueException'],
    ['a function that is not there', { FunctionName: 'none' }, 'InvalidParameterValueException'],
    ['visibility below the function timeout', { EventSourceArn: queueArn('short') }, 'InvalidParameterValueException'],
    ['MaximumConcurrency 1', { ScalingConfig: { MaximumConcurrency: 1 } }, 'ValidationException'],
    ['MaximumConcurrency 1,001', { ScalingConfig: { MaximumConcurrency: 1_001 } }, 'ValidationException'],
    ['a batch of 11 without a window', { BatchSize: 11 }, 'InvalidParameterValueException'],
    ['a batch of 11 with a window', { BatchSize: 11, MaximumBatchingWindowInSeconds: 1 }, 'ok'],
    ['a FIFO batch of 11', { EventSourceArn: queueArn('q.fifo'), BatchSize: 11 }, 'InvalidParameterValueException'],
    ['a FIFO window', { EventSourceArn: queueArn('q.fifo'), MaximumBatchingWindowInSeconds: 1 }, 'InvalidParameterValueException'],
    ['a FIFO batch of 10', { EventSourceArn: queueArn('q.fifo'), BatchSize: 10 }, 'ok'],
  ])('%s', async (_what, change, expected) => {
    const { outcome, createMapping } = await ready();
    expect(await outcome(() => createMapping(change))).toBe(expected);
  });

  it('refuses a pending function and a second mapping of the same pair', async () => {
    const { outcome, createFunction, createMapping } = await ready();
    await createFunction({ FunctionName: 'new' });
    expect(await outcome(() => createMapping({ FunctionName: 'new' }))).toBe('ResourceConflictException');
    await createMapping();
    expect(await outcome(() => createMapping())).toBe('ResourceConflictException');
  });
});

describe('the life of a mapping', () => {
  it('cannot be touched while it changes, and is gone some time after its deletion', async () => {
    const { clients, wait, outcome, createMapping, advance } = await ready();
    const { UUID } = await createMapping();
    const state = async () => (await wait(clients.lambda.send(new GetEventSourceMappingCommand({ UUID })))).State;
    const disable = () => clients.lambda.send(new UpdateEventSourceMappingCommand({ UUID, Enabled: false }));
    expect(await state()).toBe('Creating');
    expect(await outcome(disable)).toBe('ResourceInUseException');
    await advance(10_000);
    expect(await state()).toBe('Enabled');
    expect(await outcome(disable)).toBe('ok');
    expect(await state()).toBe('Disabling');
    await advance(10_000);
    expect(await state()).toBe('Disabled');
    expect(await outcome(() => clients.lambda.send(new DeleteEventSourceMappingCommand({ UUID })))).toBe('ok');
    expect(await outcome(() => clients.lambda.send(new DeleteEventSourceMappingCommand({ UUID })))).toBe('ResourceInUseException');
    await advance(10_000);
    await expect(state()).rejects.toThrow('does not exist');
  });

  it('outlives queue and function, and then blocks its pair', async () => {
    const { aws, clients, wait, outcome, createFunction, createMapping, advance } = await ready();
    await createMapping();
    await wait(clients.lambda.send(new DeleteFunctionCommand({ FunctionName: 'f' })));
    await wait(clients.sqs.send(new DeleteQueueCommand({ QueueUrl: queueUrl('q') })));
    await advance(61_000);
    const { EventSourceMappings } = await wait(clients.lambda.send(new ListEventSourceMappingsCommand({ EventSourceArn: queueArn('q') })));
    expect(EventSourceMappings).toHaveLength(1);
    aws.sqs.createQueue('q', { VisibilityTimeout: '60' });
    await createFunction();
    await advance(5_000);
    expect(await outcome(() => createMapping())).toBe('ResourceConflictException');
  });

  it('keeps the function timeout at or below its visibility', async () => {
    const { clients, outcome, createMapping } = await ready();
    await createMapping();
    const timeout = (Timeout: number) => () => clients.lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName: 'f', Timeout }));
    expect(await outcome(timeout(61))).toBe('InvalidParameterValueException');
    expect(await outcome(timeout(60))).toBe('ok');
  });
});
