/** What the tool decides and says, as tables of cases. */
import { CommanderError, InvalidArgumentError } from 'commander';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { numberBetween, oneOf, several } from '../../cli/commands/parse-options.ts';
import { matches } from '../../cli/dead-letters/filter.ts';
import { batchSize, hiddenSeconds, nextDueMs } from '../../cli/dead-letters/pace.ts';
import { deadLetterQueues, redriveTarget } from '../../cli/dead-letters/queues.ts';
import { endingOf } from '../../cli/exit-code.ts';
import { HelpfulError, UsageError } from '../../cli/helpful-error.ts';
import { chooseStage } from '../../cli/stage/choose-stage.ts';
import { PipelineRow } from '../../lambdas/contract/pipeline-row.ts';
import { dead, letter } from './letters.ts';

describe('the stage', () => {
  it.each([
    ['--local', { local: true }, 'env', false, { kind: 'local' }],
    ['--stack before all else', { stack: 'mine' }, 'env', true, { kind: 'aws', stack: 'mine' }],
    ['SLUICE_STACK before a local stage', {}, 'env', true, { kind: 'aws', stack: 'env' }],
    ['a local stage that is up', {}, undefined, true, { kind: 'local' }],
    ['an empty variable is none', {}, '', true, { kind: 'local' }],
    ['the default', {}, undefined, false, { kind: 'aws', stack: 'sluice-dev' }],
  ])('is %s', (_what, options, environment, up, expected) => expect(chooseStage(options, environment, up)).toMatchObject(expected));

  it('is one, not two', () => expect(() => chooseStage({ stack: 'a', local: true }, undefined, true)).toThrow(UsageError));
});

describe('an ending', () => {
  const named = (name: string, message = 'no') => Object.assign(new Error(message), { name });
  it.each([
    ['help', new CommanderError(0, 'commander.helpDisplayed', ''), 0, undefined],
    ['an unknown option', new CommanderError(1, 'commander.unknownOption', ''), 2, undefined],
    ['what cannot be meant', new UsageError('choose'), 2, 'choose'],
    ['what failed', new HelpfulError('do that'), 1, 'do that'],
    ['no credentials', named('CredentialsProviderError'), 1, 'AWS_PROFILE'],
    ['no permission', named('AccessDeniedException'), 1, 'docs/cli.md'],
    ['no region', named('Error', 'Region is missing'), 1, 'AWS_REGION'],
    ['nobody there', Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }), 1, 'cannot be reached'],
    ['any other error', named('Odd', 'strange'), 1, 'Odd: strange'],
  ])('of %s', (_what, error, code, says) => {
    const ending = endingOf(error);
    expect(ending.code).toBe(code);
    if (says === undefined) expect(ending.says).toBeUndefined();
    else expect(ending.says).toContain(says);
  });
});

describe('option values', () => {
  it.each(['', 'x', '0', '11', '1.5', 'NaN', 'Infinity'])('a whole number from 1 to 10 is not %j', (text) =>
    expect(() => numberBetween(1, 10, { whole: true })(text)).toThrow(InvalidArgumentError),
  );
  it('take lists and repeats, in any case', () => {
    const choose = oneOf(['DATA', 'TRANSIENT']);
    expect(choose('transient', choose('data'))).toEqual(['DATA', 'TRANSIENT']);
    expect(choose('DATA, transient')).toEqual(['DATA', 'TRANSIENT']);
    expect(() => choose('DATE')).toThrow(InvalidArgumentError);
    expect(several('b, c', several('a'))).toEqual(['a', 'b, c']);
  });
});

describe('a filter', () => {
  it.each([
    ['nothing asked', [], [], true],
    ['its class', ['DATA'], [], true],
    ['another class', ['PERMANENT'], [], false],
    ['its task', [], ['task 1'], true],
    ['its message', [], ['message 1'], true],
    ['its class, another task', ['DATA'], ['task 2'], false],
  ])('%s', (_what, classes, tasks, expected) => expect(matches({ classes, tasks }, dead())).toBe(expected));

  it('knows letters nobody has explained by `none`', () => {
    const unexplained = dead({ letter: undefined });
    expect(matches({ classes: ['none'], tasks: [] }, unexplained)).toBe(true);
    expect(matches({ classes: ['none'], tasks: [] }, dead({ letter: letter() }))).toBe(false);
  });
});

describe('the pace', () => {
  const rate = fc.double({ min: 0.01, max: 3_000, noNaN: true });

  it('never puts back more than its rate, a batch aside, in any window', () => {
    fc.assert(
      fc.property(rate, fc.array(fc.integer({ min: 0, max: 5_000 }), { minLength: 2, maxLength: 30 }), (rate, delays) => {
        let dueMs = 0;
        let nowMs = 0;
        const starts = delays.map((delayMs) => {
          nowMs = Math.max(nowMs + delayMs, dueMs);
          dueMs = nextDueMs(dueMs, nowMs, batchSize(rate), rate);
          return nowMs;
        });
        const apart = (batchSize(rate) / rate) * 1_000;
        for (const [i, start] of starts.slice(1).entries()) expect(start - (starts[i] ?? 0)).toBeGreaterThanOrEqual(apart - 1e-6);
      }),
    );
  });

  it('hides letters for longer than their turn takes', () => {
    fc.assert(
      fc.property(rate, (rate) => {
        const seconds = hiddenSeconds(rate);
        expect(seconds).toBeGreaterThan(Math.min(10, batchSize(rate)) / rate);
        expect(seconds).toBeLessThanOrEqual(43_200);
      }),
    );
  });
});

describe('queues', () => {
  const row = (change: object) =>
    PipelineRow.parse({ taskGroup: 'A', schemaVersion: 1, phase: 'Active', message: '', createdAt: '', updatedAt: '', ...change });
  const url = (name: string) => `https://elsewhere/1/${name}`;

  it('are the dead-letter queue and those that were kept, once each, by name', () => {
    const found = deadLetterQueues(
      row({ resources: { deadLetterQueueUrl: url('a-dlq.fifo') }, keptDeadLetterQueues: [url('a-dlq'), url('a-dlq.fifo')] }),
      'sluice-test',
    );
    expect(found.map(({ name }) => name)).toEqual(['a-dlq.fifo', 'a-dlq']);
    expect(found[0]?.pipeline).toMatch(/^sluice-test-tg-A-/);
  });

  it.each([
    ['Active', { queueUrl: url('a') }, true],
    ['Paused', { queueUrl: url('a') }, true],
    ['Draining', { queueUrl: url('a') }, false],
    ['Deleting', {}, false],
    ['Waiting', {}, false],
  ])('of a group that is %s take tasks: %j %s', (phase, resources, open) =>
    expect(redriveTarget(row({ phase, resources })).open).toBe(open),
  );
});
