/** What a custom resource's request asks to be set and forgotten; what is refused, and why. */
import { describe, expect, it } from 'vitest';
import { limitChanges } from '../../lambdas/permit-limits/limit-changes.ts';

/** As CloudFormation hands them over: numbers as text. */
const properties = (permits: Record<string, string>) => ({
  ServiceToken: 'arn',
  Permits: Object.entries(permits).map(([Name, Limit]) => ({ Name, Limit })),
});
const create = (permits: unknown) => ({ RequestType: 'Create', ResourceProperties: permits });
const update = (permits: unknown, before: unknown) => ({
  RequestType: 'Update',
  ResourceProperties: permits,
  OldResourceProperties: before,
});

describe('a request', () => {
  it.each<[string, unknown, Record<string, number>, string[]]>([
    ['creates permits', create(properties({ gpu: '2', printer: '0' })), { gpu: 2, printer: 0 }, []],
    ['creates none', create({ ServiceToken: 'arn' }), {}, []],
    ['with numbers as numbers', create({ Permits: [{ Name: 'gpu', Limit: 1_000 }] }), { gpu: 1_000 }, []],
    ['changes one', update(properties({ gpu: '3' }), properties({ gpu: '2' })), { gpu: 3 }, []],
    ['adds one and drops one', update(properties({ b: '1', c: '1' }), properties({ a: '1', b: '1' })), { b: 1, c: 1 }, ['a']],
    ['drops the last', update({}, properties({ gpu: '2' })), {}, ['gpu']],
    ['has the first after none', update(properties({ gpu: '2' }), {}), { gpu: 2 }, []],
    ['rolls back one that was refused', update(properties({ gpu: '2' }), properties({ 'g p u': '-1' })), { gpu: 2 }, ['g p u']],
    ['rolls back what could not be read', update(properties({ gpu: '2' }), { Permits: 'nonsense' }), { gpu: 2 }, []],
    [
      'names what every object has',
      update(properties({ constructor: '1' }), properties({ toString: '1' })),
      { constructor: 1 },
      ['toString'],
    ],
    ['deletes the resource', { RequestType: 'Delete', ResourceProperties: properties({ gpu: '2' }) }, {}, []],
  ])('%s', (_name, event, set, forget) => {
    const changes = limitChanges(event);
    expect(Object.fromEntries(changes.set.map(({ name, limit }) => [name, limit]))).toEqual(set);
    expect(changes.forget).toEqual(forget);
  });

  it.each<[string, unknown, string[]]>([
    ['a limit below nothing', create(properties({ gpu: '-1' })), ['ResourceProperties.Permits.0.Limit: must be a whole number (got "-1")']],
    ['a limit above the bound', create(properties({ gpu: '1001' })), ['ResourceProperties.Permits.0.Limit: ', '<=1000', '(got "1001")']],
    ['no limit', create({ Permits: [{ Name: 'gpu' }] }), ['ResourceProperties.Permits.0.Limit: must be a whole number']],
    ['an empty limit', create(properties({ gpu: '' })), ['ResourceProperties.Permits.0.Limit: must be a whole number (got "")']],
    ['a wrong name', create(properties({ 'a#b': '1' })), ['ResourceProperties.Permits.0.Name: must be 1-64 letters', '(got "a#b")']],
    ['two at once', create(properties({ 'a#b': '1', c: 'x' })), ['Permits.0.Name: ', 'Permits.1.Limit: ']],
    ['no list', create({ Permits: { gpu: '2' } }), ['ResourceProperties.Permits: ', 'array']],
    ['another request', { RequestType: 'Replace' }, ['RequestType: ']],
  ])('with %s is refused with path, value and rule', (_name, event, texts) => {
    let message = '';
    try {
      limitChanges(event);
    } catch (error) {
      message = String(error);
    }
    for (const text of texts) expect(message).toContain(text);
  });
});
