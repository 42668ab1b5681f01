/** Every problem says where, what the rule is and what was given; never anything that may be a secret. */
import { describe, expect, it } from 'vitest';
import { ConfigItem } from '../../lambdas/contract/config-item.ts';
import { problemsOf } from '../../lambdas/contract/problems.ts';

function problemsWith(fields: unknown): string[] {
  const input = typeof fields === 'object' && fields !== null && !Array.isArray(fields) ? { taskGroup: 'a', ...fields } : fields;
  const parsed = ConfigItem.safeParse(input);
  return parsed.success ? [] : problemsOf(parsed.error, input);
}

describe('problems', () => {
  it('name the path, the rule and the value', () => {
    expect(problemsWith({ queue: { delay: 901 } })).toEqual([expect.stringMatching(/^queue\.delay: .*900.* \(got 901\)$/)]);
    expect(problemsWith({ onDelete: 'keep' })).toEqual([expect.stringMatching(/^onDelete: .*drain.*discard.* \(got "keep"\)$/)]);
  });

  it('are all told at once', () => {
    const found = problemsWith({ concurrency: 0, batch: { size: 0, window: 301 }, paused: 'yes', colour: 'red', queue: { dealy: 1 } });
    expect(found.map((problem) => problem.split(':')[0]).sort()).toEqual([
      'batch.size',
      'batch.window',
      'colour',
      'concurrency',
      'paused',
      'queue.dealy',
    ]);
  });

  it.each([
    ['item', { colour: 1 }, 'colour: unknown field'],
    ['code', { code: { bucket: 'x' } }, 'code.bucket: unknown field'],
    ['function', { function: { memory: 1 } }, 'function.memory: unknown field'],
    [
      'function.vpc',
      { function: { vpc: { subnetIds: ['subnet-1'], securityGroupIds: ['sg-1'], id: 1 } } },
      'function.vpc.id: unknown field',
    ],
    ['queue', { queue: { visibility: 1 } }, 'queue.visibility: unknown field'],
    ['batch', { batch: { max: 1 } }, 'batch.max: unknown field'],
    ['retry', { retry: { tries: 1 } }, 'retry.tries: unknown field'],
  ])('name unknown fields of %s', (_level, fields, expected) => expect(problemsWith(fields)).toEqual([expected]));

  it.each<[string, unknown]>([
    ['a secret in place of its reference', { secrets: { API_KEY: 'hunter2' } }],
    ['a secret in place of the map', { secrets: 'hunter2' }],
    ['secrets as a list', { secrets: ['hunter2'] }],
    ['a wrong name of a secret', { secrets: { 'API KEY': 'hunter2' } }],
    ['an environment variable that is no text', { function: { environment: { PASSWORD: { value: 'hunter2' } } } }],
    ['an environment in place of the map', { function: { environment: 'PASSWORD=hunter2' } }],
    ['a reserved environment name', { function: { environment: { AWS_REGION: 'hunter2' } } }],
    ['an environment at the wrong place', { environment: { PASSWORD: 'hunter2' } }],
    ['a function given as a list', { function: [{ environment: { PASSWORD: 'hunter2' } }] }],
    ['a function given as JSON text', { function: '{"environment":{"PASSWORD":"hunter2"}}' }],
    ['a field that holds the rest', { concurrency: { secrets: { A: 'hunter2' } } }],
    ['an item that is no map', ['hunter2']],
  ])('never repeat %s', (_what, fields) => {
    const found = problemsWith(fields);
    expect(found.length).toBeGreaterThan(0);
    expect(found.join()).not.toContain('hunter2');
  });

  it.each<[string, unknown]>([
    ['a number larger than JavaScript has', 12345678901234567890n],
    ['a set, as DynamoDB has them', new Set(['a'])],
    ['bytes', new Uint8Array([1, 2])],
    ['null', null],
    ['nothing', undefined],
  ])('are told of %s', (_what, concurrency) => {
    expect(() => problemsWith({ concurrency })).not.toThrow();
    if (concurrency !== undefined) expect(problemsWith({ concurrency })).toEqual([expect.stringMatching(/^concurrency: /)]);
  });

  it('cut a long value short', () => {
    const [problem = ''] = problemsWith({ onDelete: 'x'.repeat(1_000) });
    expect(problem.length).toBeLessThan(200);
  });

  it('name the key of a map that is wrong', () => {
    expect(problemsWith({ function: { environment: { '1X': '' } } })).toEqual([
      expect.stringMatching(/^function\.environment\.1X: the name must be/),
    ]);
    expect(problemsWith({ tags: { 'aws:x': '' } })).toEqual([
      expect.stringMatching(/^tags\.aws:x: the name must not start with aws: or sluice:/),
    ]);
  });
});
