/** Names that Lambda and SQS take, for any task group and any prefix a stage may have; no two groups share one. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  canonicalJson,
  contentHash,
  pipelineNamePrefix,
  pipelineNames,
  proofFunctionName,
  proofNamePrefix,
} from '../../lambdas/contract/names.ts';
import { StageSettings } from '../../lambdas/contract/settings.ts';
import { anyGroup } from './any-group.ts';

const anyPrefix = fc.stringMatching(/^[a-z][a-z0-9-]{0,18}[a-z0-9]$/);
const lambdaName = /^[A-Za-z0-9-_]{1,64}$/;
const queueName = /^(?=.{1,80}$)[A-Za-z0-9_-]+(\.fifo)?$/;

describe('names', () => {
  it('are such as Lambda and SQS take, and ours', () => {
    fc.assert(
      fc.property(anyPrefix, anyGroup, fc.boolean(), (prefix, group, fifo) => {
        expect(StageSettings.safeParse({ prefix }).success).toBe(true);
        const names = pipelineNames(prefix, group, fifo);
        expect(names.function).toMatch(lambdaName);
        for (const name of [names.queue, names.deadLetterQueue]) {
          expect(name).toMatch(queueName);
          expect(name.endsWith('.fifo')).toBe(fifo);
        }
        for (const name of Object.values(names)) expect(name.startsWith(pipelineNamePrefix(prefix))).toBe(true);
        expect(names.queue).not.toBe(names.deadLetterQueue);
      }),
      { numRuns: 500 },
    );
  });

  it('differ between groups, however alike', () => {
    fc.assert(
      fc.property(fc.uniqueArray(anyGroup, { minLength: 2, maxLength: 20 }), (groups) => {
        const all = groups.flatMap((group) => [
          ...Object.values(pipelineNames('sluice', group, false)),
          ...Object.values(pipelineNames('sluice', group, true)),
        ]);
        // The function's name is the standard queue's, and the same for both kinds.
        expect(new Set(all).size).toBe(groups.length * 4);
      }),
    );
  });

  it.each([
    ['customer A', 'customer a'],
    ['a b', 'a-b'],
    ['é', 'e\u0301'],
    ['x'.repeat(254), 'x'.repeat(255)],
    ['a', 'a '],
  ])('tell %j from %j', (one, other) => {
    expect(pipelineNames('sluice', one, false).function).not.toBe(pipelineNames('sluice', other, false).function);
  });

  it.each([
    ['customer A', /^sluice-tg-customer-A-[a-z2-7]{10}$/],
    ['日本', /^sluice-tg-group-[a-z2-7]{10}$/],
    ['  --  ', /^sluice-tg-group-[a-z2-7]{10}$/],
    ['Café.com', /^sluice-tg-Cafe-com-[a-z2-7]{10}$/],
  ])('of %j are for people to read', (group, expected) => {
    expect(pipelineNames('sluice', group, false).function).toMatch(expected);
  });

  it('stay what they are: a changed rule would lose every pipeline there is', () => {
    expect(pipelineNames('sluice-dev', 'customer A', true)).toEqual({
      function: 'sluice-dev-tg-customer-A-mokcfydxif',
      queue: 'sluice-dev-tg-customer-A-mokcfydxif.fifo',
      deadLetterQueue: 'sluice-dev-tg-customer-A-mokcfydxif-dlq.fifo',
    });
  });

  it('of proving functions fit too, and are told apart by key and version', () => {
    fc.assert(
      fc.property(anyPrefix, fc.string({ minLength: 1 }), fc.string({ minLength: 1 }), (prefix, key, version) => {
        expect(proofFunctionName(prefix, key, version)).toMatch(lambdaName);
        expect(proofFunctionName(prefix, key, version).startsWith(proofNamePrefix(prefix))).toBe(true);
      }),
    );
    expect(proofFunctionName('sluice', 'a', 'b')).not.toBe(proofFunctionName('sluice', 'a', 'c'));
  });
});

describe('content', () => {
  it('has the same hash whatever the order of its keys', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const reversed = Object.fromEntries(Object.entries(value).reverse());
        expect(contentHash(reversed)).toBe(contentHash(value));
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('differs where a list is in another order', () => expect(contentHash(['a', 'b'])).not.toBe(contentHash(['b', 'a'])));
});
