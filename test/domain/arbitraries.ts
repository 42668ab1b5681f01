/** Any valid item, and anything a look could see of its group. */
import fc from 'fast-check';
import { tagKeys } from '../../lambdas/contract/tags.ts';
import type { DesiredPipeline } from '../../lambdas/domain/desired.ts';
import type { Observed, ObservedFunction, ObservedMapping, ObservedQueue } from '../../lambdas/domain/observed.ts';
import { mappingOf, observedOf, type RawItem, shaOf, wish } from './builders.ts';

const sometimes = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const present = (fields: RawItem): RawItem => Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
const some = <T extends Record<string, fc.Arbitrary<unknown>>>(fields: T) =>
  fc.record(fields, { requiredKeys: [] }) as fc.Arbitrary<RawItem>;

const tagsOf = (most: number) =>
  fc.dictionary(fc.constantFrom('team', 'cost', 'env', 'a', 'b'), fc.constantFrom('1', '2'), { maxKeys: most });

export const anyFunction = some({
  runtime: fc.constantFrom('nodejs24.x', 'python3.13'),
  handler: fc.constantFrom('index.handler', 'main.handle'),
  memorySize: fc.integer({ min: 128, max: 10_240 }),
  timeout: fc.integer({ min: 1, max: 900 }),
  architecture: fc.constantFrom('arm64', 'x86_64'),
  environment: fc.dictionary(fc.constantFrom('ONE', 'TWO', 'toString'), fc.string({ maxLength: 10 }), { maxKeys: 2 }),
  layers: fc.subarray(['arn:aws:lambda:eu-west-1:123456789012:layer:a:1', 'arn:aws:lambda:eu-west-1:123456789012:layer:b:2']),
  vpc: fc.constantFrom(
    { subnetIds: ['subnet-1', 'subnet-2'], securityGroupIds: ['sg-1'] },
    { subnetIds: ['subnet-1'], securityGroupIds: ['sg-2', 'sg-1'] },
  ),
  tracing: fc.constantFrom('Active', 'PassThrough'),
});

/** Fields of a valid item; concurrency and all. */
export const anyFields = (fifo: fc.Arbitrary<boolean> = fc.boolean()): fc.Arbitrary<RawItem> =>
  fc
    .record({
      concurrency: fc.oneof(fc.constantFrom(1, 2, 3), fc.integer({ min: 1, max: 1_000 })),
      reserve: fc.boolean(),
      fifo,
      consumer: fc.constantFrom('plain', 'sluice'),
      fn: anyFunction,
      raisedVisibility: sometimes(fc.integer({ min: 0, max: 1_000 })),
      queue: some({
        messageRetention: fc.integer({ min: 60, max: 1_209_600 }),
        maxReceiveCount: fc.integer({ min: 1, max: 1_000 }),
        delay: fc.integer({ min: 0, max: 900 }),
      }),
      batch: fc.oneof(fc.constantFrom([1, 0], [10, 0]), fc.tuple(fc.integer({ min: 1, max: 10_000 }), fc.integer({ min: 1, max: 300 }))),
      tags: tagsOf(3),
      paused: fc.boolean(),
      key: fc.constantFrom('consumer.zip', 'other.zip'),
    })
    .map(({ concurrency, reserve, fifo: isFifo, consumer, fn, raisedVisibility, queue, batch, tags, paused, key }) => ({
      concurrency: reserve ? concurrency : Math.max(2, concurrency),
      reserve,
      consumer,
      function: fn,
      queue: present({
        ...queue,
        fifo: isFifo,
        visibilityTimeout: raisedVisibility === undefined ? undefined : raisedVisibility + Number(fn['timeout'] ?? 30),
      }),
      batch: isFifo ? { size: Math.min(10, batch[0] ?? 1), window: 0 } : { size: batch[0], window: batch[1] },
      tags,
      paused,
      code: { key },
    }));

export const anyVersion = fc.constantFrom('v1', 'v2');

/** What a look might see: another wish applied, with parts gone, changed by hand or half done. */
export function anySeen(desired: DesiredPipeline): fc.Arbitrary<Observed> {
  const fifo = desired.queue.name.endsWith('.fifo');
  return fc.tuple(anyFields(fc.constant(fifo)), anyVersion, fc.boolean()).chain(([fields, version, same]) => {
    const full = observedOf(same && desired.code ? desired : wish(fields, version));
    return fc
      .record({
        queue: maybe(full.queue, mangledQueue),
        deadLetterQueue: maybe(full.deadLetterQueue, mangledQueue),
        function: maybe(full.function, mangledFunction),
        mappings: mangledMappings(desired, full.mappings),
      })
      .map((seen) => consistent(present(seen) as unknown as Observed));
  });
}

function maybe<T>(thing: T | undefined, mangled: (thing: T) => fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  if (thing === undefined) return fc.constant(undefined);
  return fc.oneof(
    { weight: 1, arbitrary: fc.constant(undefined) },
    { weight: 2, arbitrary: fc.constant(thing) },
    { weight: 2, arbitrary: mangled(thing) },
  );
}

const ours = (tags: Record<string, string>, more: Record<string, string>) => ({ ...more, [tagKeys.prefix]: tags[tagKeys.prefix] ?? '' });

const mangledQueue = (queue: ObservedQueue): fc.Arbitrary<ObservedQueue> =>
  fc
    .record({
      attributes: fc
        .subarray(Object.keys(queue.attributes))
        .map((names) => Object.fromEntries(names.map((name) => [name, queue.attributes[name] ?? '']))),
      changed: some({
        VisibilityTimeout: fc.constantFrom('900', '43200'),
        DelaySeconds: fc.constant('7'),
        Policy: fc.constantFrom('', '{}', 'no JSON'),
        RedrivePolicy: fc.constant('{}'),
      }),
      tags: tagsOf(5),
      messages: fc.nat(3),
    })
    .map(({ attributes, changed, tags, messages }) => ({
      ...queue,
      attributes: { VisibilityTimeout: '900', ...attributes, ...changed } as Record<string, string>,
      tags: ours(queue.tags, tags),
      messages,
    }));

const mangledFunction = (fn: ObservedFunction): fc.Arbitrary<ObservedFunction> =>
  fc
    .record({
      reserved: sometimes(fc.integer({ min: 0, max: 1_000 })),
      memory: fc.integer({ min: 128, max: 10_240 }),
      architecture: fc.constantFrom('arm64', 'x86_64'),
      tags: tagsOf(5),
      state: fc.constantFrom('Active', 'Pending', 'Inactive'),
      sha: fc.constantFrom(fn.codeSha256, 'by hand'),
      reference: fc.boolean(),
    })
    .map(({ reserved, memory, architecture, tags, state, sha, reference }) => {
      const { reservedConcurrency: _reserved, code, ...rest } = fn;
      return {
        ...rest,
        ...(reserved === undefined ? {} : { reservedConcurrency: reserved }),
        configuration: { ...fn.configuration, MemorySize: memory, LogGroup: '' },
        architecture,
        tags: ours(fn.tags, tags),
        state,
        codeSha256: sha,
        // Code given by hand is no object of a bucket; neither is code that Lambda keeps a copy of.
        ...(reference && code && sha === shaOf(code) ? { code } : {}),
      };
    });

function mangledMappings(desired: DesiredPipeline, mappings: ObservedMapping[]): fc.Arbitrary<ObservedMapping[]> {
  const [first = mappingOf(desired)] = mappings;
  const changed = fc
    .record({
      enabled: fc.boolean(),
      reportsItemFailures: fc.boolean(),
      maximumConcurrency: sometimes(fc.integer({ min: 2, max: 1_000 })),
      state: fc.constantFrom('Enabled', 'Deleting'),
    })
    .map(({ enabled, reportsItemFailures, maximumConcurrency, state }): ObservedMapping => {
      const { maximumConcurrency: _most, ...rest } = first;
      const stateNow = state === 'Deleting' ? state : enabled ? 'Enabled' : 'Disabled';
      return {
        ...rest,
        ...(maximumConcurrency === undefined ? {} : { maximumConcurrency }),
        enabled,
        reportsItemFailures,
        state: stateNow,
      };
    });
  const one = fc.oneof(fc.constant(first), changed);
  return fc.array(one, { maxLength: 3 }).map((found) => found.map((mapping, i) => ({ ...mapping, id: `mapping-${i + 1}` })));
}

/** AWS never lets a polled queue's visibility be below the timeout of the function that polls it. */
function consistent(seen: Observed): Observed {
  const timeout = seen.function?.configuration.Timeout ?? 0;
  if (!seen.queue || Number(seen.queue.attributes['VisibilityTimeout']) >= timeout) return seen;
  return { ...seen, queue: { ...seen.queue, attributes: { ...seen.queue.attributes, VisibilityTimeout: String(timeout) } } };
}
