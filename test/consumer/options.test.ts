/** Options TypeScript would have refused: said at once, not with the first task. */
import { expect, it } from 'vitest';
import { ConfigurationError, defineConsumer } from '../../consumer/index.ts';

const task = () => {};

it.each([
  ['no options', undefined, /task must be a function/],
  ['no task', {}, /task must be a function/],
  ['a task that is none', { task: 'x' }, /task must be a function/],
  ['another kind of body', { task, body: 'xml' }, /body must be 'json' or 'text' \(got "xml"\)/],
  ['a schema that is no Standard Schema', { task, schema: { parse: () => 1 } }, /schema must be a Standard Schema/],
  ['a classifier that is none', { task, classify: 'DATA' }, /classify must be a function/],
  ['a level nobody knows', { task, logLevel: 'LOUD' }, /logLevel must be .* \(got "LOUD"\)/],
  ['duplicates kept too short', { task, duplicates: { keepSeconds: 43_199 } }, /keepSeconds must be from 43200 .* \(got 43199\)/],
  ['duplicates kept too long', { task, duplicates: { keepSeconds: 1e9 } }, /keepSeconds/],
  ['duplicates kept for no number', { task, duplicates: { keepSeconds: Number.NaN } }, /keepSeconds/],
])('%s', (_what, options, message) => {
  const define: (options: never) => unknown = defineConsumer;
  const wrong = () => define(options as never);
  expect(wrong).toThrow(ConfigurationError);
  expect(wrong).toThrow(message);
});

it.each([{}, { duplicates: false }, { duplicates: { keepSeconds: 43_200 } }, { metrics: false }, { logLevel: 'DEBUG' }] as const)(
  'takes %o',
  (options) => {
    expect(defineConsumer({ task, ...options })).toBeTypeOf('function');
  },
);
