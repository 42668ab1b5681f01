/** Lambda's rules as the double enforces them: names, fields, states, limits, reservations, tags, invocations. */
import {
  DeleteFunctionCommand,
  GetAccountSettingsCommand,
  GetFunctionCommand,
  InvokeCommand,
  ListTagsCommand,
  PutFunctionConcurrencyCommand,
  TagResourceCommand,
  UpdateFunctionCodeCommand,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda';
import { describe, expect, it } from 'vitest';
import { zipOf } from './aws/s3.ts';
import { functionArn, role, world } from './aws/support.ts';

const reserve = (FunctionName: string, ReservedConcurrentExecutions: number) =>
  new PutFunctionConcurrencyCommand({ FunctionName, ReservedConcurrentExecutions });

describe('creating a function', () => {
  it.each([
    ['a name of 65 characters', { FunctionName: 'x'.repeat(65) }, 'ValidationException'],
    ['a name with a dot', { FunctionName: 'a.b' }, 'ValidationException'],
    ['memory of 100', { MemorySize: 100 }, 'ValidationException'],
    ['a timeout of 901', { Timeout: 901 }, 'ValidationException'],
    ['a runtime of the past', { Runtime: 'nodejs12.x' as never }, 'InvalidParameterValueException'],
    ['no role', { Role: 'consumer' }, 'ValidationException'],
    ['an environment over 4 KB', { Environment: { Variables: { TEXT: 'x'.repeat(4_100) } } }, 'InvalidParameterValueException'],
    ['a reserved variable', { Environment: { Variables: { AWS_REGION: 'x' } } }, 'InvalidParameterValueException'],
    ['six layers', { Layers: Array.from({ length: 6 }, (_, i) => `arn:${i}`) }, 'InvalidParameterValueException'],
    ['a tag with %', { Tags: { a: '%' } }, 'InvalidParameterValueException'],
    ['code that is not there', { Code: { S3Bucket: 'code', S3Key: 'none.zip' } }, 'InvalidParameterValueException'],
    [
      'a version that is not there',
      { Code: { S3Bucket: 'code', S3Key: 'consumer.zip', S3ObjectVersion: 'none' } },
      'InvalidParameterValueException',
    ],
    ['a bucket that is not there', { Code: { S3Bucket: 'none', S3Key: 'consumer.zip' } }, 'InvalidParameterValueException'],
    ['a plain function', {}, 'ok'],
  ])('%s', async (_what, change, expected) => {
    const { outcome, createFunction } = world();
    expect(await outcome(() => createFunction(change))).toBe(expected);
  });

  it('refuses a zip that cannot be read, and a name that is taken', async () => {
    const { aws, outcome, createFunction } = world();
    aws.s3.put('code', 'bad.zip', zipOf('bad', 'refused'));
    expect(await outcome(() => createFunction({ Code: { S3Bucket: 'code', S3Key: 'bad.zip' } }))).toBe('InvalidParameterValueException');
    await createFunction();
    expect(await outcome(() => createFunction())).toBe('ResourceConflictException');
  });

  it('says what runs and where its code is', async () => {
    const { clients, wait, createFunction, zip } = world();
    await createFunction({ Tags: { a: 'b' } });
    const found = await wait(clients.lambda.send(new GetFunctionCommand({ FunctionName: 'f' })));
    expect(found.Configuration).toMatchObject({ State: 'Pending', MemorySize: 256, Runtime: 'nodejs24.x', Role: role });
    expect(found.Code?.ResolvedS3Object).toEqual({ S3Bucket: 'code', S3Key: 'consumer.zip', S3ObjectVersion: zip.versionId });
    expect(found.Tags).toEqual({ a: 'b' });
  });
});

describe('states', () => {
  it('refuses what operates on a pending function, and takes it afterwards', async () => {
    const { clients, outcome, createFunction, advance } = world({ latencyMs: { min: 1, max: 1 } });
    await createFunction();
    const calls = () => [
      () => clients.lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName: 'f', Timeout: 20 })),
      () => clients.lambda.send(reserve('f', 1)),
      () => clients.lambda.send(new InvokeCommand({ FunctionName: 'f' })),
    ];
    for (const call of calls()) expect(await outcome(call)).toBe('ResourceConflictException');
    await advance(5_000);
    for (const call of calls().toReversed()) expect(await outcome(call)).toBe('ok');
  });

  it('refuses a second update and tags while one is in progress, but not a reservation', async () => {
    const { clients, outcome, createFunction, advance, zip } = world({ latencyMs: { min: 1, max: 1 } });
    await createFunction();
    await advance(5_000);
    const update = () =>
      clients.lambda.send(
        new UpdateFunctionCodeCommand({ FunctionName: 'f', S3Bucket: 'code', S3Key: 'consumer.zip', S3ObjectVersion: zip.versionId }),
      );
    const tag = () => clients.lambda.send(new TagResourceCommand({ Resource: functionArn('f'), Tags: { a: 'b' } }));
    expect(await outcome(update)).toBe('ok');
    expect(await outcome(update)).toBe('ResourceConflictException');
    expect(await outcome(tag)).toBe('ResourceConflictException');
    expect(await outcome(() => clients.lambda.send(reserve('f', 1)))).toBe('ok');
    await advance(4_000);
    expect(await outcome(tag)).toBe('ok');
  });

  it('shows an update that failed after it was accepted', async () => {
    const { aws, clients, wait, createFunction, advance } = world();
    await createFunction();
    await advance(5_000);
    aws.s3.put('code', 'consumer.zip', zipOf('late', 'update-fails'));
    await wait(clients.lambda.send(new UpdateFunctionCodeCommand({ FunctionName: 'f', S3Bucket: 'code', S3Key: 'consumer.zip' })));
    await advance(4_000);
    const { Configuration } = await wait(clients.lambda.send(new GetFunctionCommand({ FunctionName: 'f' })));
    expect(Configuration?.LastUpdateStatus).toBe('Failed');
  });
});

describe('limits of the account', () => {
  it('takes 15 control-plane calls in a second, reads too, and 100 of GetFunction', async () => {
    const { aws, clients, createFunction, advance } = world();
    await createFunction();
    await advance(10_000);
    const burst = async (count: number, call: () => Promise<unknown>) => {
      const outcomes = Array.from({ length: count }, () =>
        call().then(
          () => 'ok',
          (error: Error) => error.name,
        ),
      );
      return (await aws.clock.until(Promise.all(outcomes))).filter((outcome) => outcome === 'ok').length;
    };
    expect(await burst(40, () => clients.lambda.send(new GetAccountSettingsCommand({})))).toBe(15);
    expect(await burst(140, () => clients.lambda.send(new GetFunctionCommand({ FunctionName: 'f' })))).toBe(100);
    expect(await burst(40, () => clients.lambda.send(new InvokeCommand({ FunctionName: 'f' })))).toBe(40);
    expect(aws.log.calls.filter((call) => call.outcome === 'TooManyRequestsException')).toHaveLength(65);
  });

  it('keeps 100 unreserved, and lets a reservation fall', async () => {
    const { clients, wait, outcome, createFunction, advance } = world();
    await createFunction();
    await createFunction({ FunctionName: 'g' });
    await advance(5_000);
    expect(await outcome(() => clients.lambda.send(reserve('f', 800)))).toBe('ok');
    await expect(wait(clients.lambda.send(reserve('g', 101)))).rejects.toThrow('below its minimum value of [100]');
    expect(await outcome(() => clients.lambda.send(reserve('g', 100)))).toBe('ok');
    expect(await outcome(() => clients.lambda.send(reserve('f', 700)))).toBe('ok');
    const { AccountLimit } = await wait(clients.lambda.send(new GetAccountSettingsCommand({})));
    expect(AccountLimit).toMatchObject({ ConcurrentExecutions: 1_000, UnreservedConcurrentExecutions: 200 });
  });
});

describe('what is there no more, and what is tagged', () => {
  it('knows no deleted function', async () => {
    const { clients, outcome, createFunction } = world();
    await createFunction();
    expect(await outcome(() => clients.lambda.send(new DeleteFunctionCommand({ FunctionName: 'f' })))).toBe('ok');
    expect(await outcome(() => clients.lambda.send(new DeleteFunctionCommand({ FunctionName: 'f' })))).toBe('ResourceNotFoundException');
    expect(await outcome(() => clients.lambda.send(new ListTagsCommand({ Resource: functionArn('f') })))).toBe('ResourceNotFoundException');
  });
});

describe('invoking asynchronously', () => {
  const invoke = (clients: ReturnType<typeof world>['clients'], bytes: number) =>
    clients.lambda.send(new InvokeCommand({ FunctionName: 'f', InvocationType: 'Event', Payload: Buffer.alloc(bytes, ' ') }));

  it('is answered at once, and runs later', async () => {
    const { aws, clients, wait, advance } = world();
    const ran: [string, number][] = [];
    aws.lambda.onEvent = (name, payload) => void ran.push([name, payload.length]);
    aws.lambda.placeFunction('f', { bucket: 'code', key: 'consumer.zip' });
    expect(await wait(invoke(clients, 10))).toMatchObject({ StatusCode: 202 });
    expect(ran).toEqual([]);
    await advance(1_000);
    expect(ran).toEqual([['f', 10]]);
  });

  it('takes a payload of 1 MB, and no more', async () => {
    const { aws, clients, outcome } = world();
    aws.lambda.placeFunction('f', { bucket: 'code', key: 'consumer.zip' });
    expect(await outcome(() => invoke(clients, 1_048_576))).toBe('ok');
    expect(await outcome(() => invoke(clients, 1_048_577))).toBe('RequestEntityTooLargeException');
  });
});

describe('invoking with an empty batch', () => {
  it.each([
    ['ok', undefined, '{"batchItemFailures":[]}'],
    ['import-error', 'Unhandled', 'Runtime.ImportModuleError'],
  ] as const)('a zip that is %s', async (behaviour, error, text) => {
    const { aws, clients, wait, createFunction, advance } = world();
    aws.s3.put('code', 'it.zip', zipOf('it', behaviour));
    await createFunction({ Code: { S3Bucket: 'code', S3Key: 'it.zip' } });
    await advance(5_000);
    const answer = await wait(
      clients.lambda.send(new InvokeCommand({ FunctionName: 'f', Payload: new TextEncoder().encode('{"Records":[]}') })),
    );
    expect(answer.FunctionError).toBe(error);
    expect(answer.Payload?.transformToString()).toContain(text);
  });
});
