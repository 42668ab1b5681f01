/** Which steps are run again when a job is tried again from one of them. */
import { expect, it } from 'vitest';
import { stepsFrom } from '../../../lambdas/domain/placement/recorded-steps.ts';

/** Recorded in this order. */
const recorded = (...names: string[]) => names.map((name, i) => ({ name, recordedAtMs: 1_000 + i }));

it.each<[string, string[], string[] | undefined, string, string[] | undefined]>([
  ['in the order that was named', ['a', 'b', 'c'], ['a', 'b', 'c'], 'b', ['b', 'c']],
  ['in that order though they were recorded otherwise', ['c', 'a', 'b'], ['a', 'b', 'c'], 'b', ['c', 'b']],
  ['the first: all', ['a', 'b'], ['a', 'b'], 'a', ['a', 'b']],
  ['in the order of recording where none was named', ['a', 'b', 'c'], undefined, 'b', ['b', 'c']],
  ['one that is not among the named, by its time', ['a', 'x', 'b'], ['a', 'b'], 'x', ['x', 'b']],
  ['with those not named that were recorded since', ['a', 'x', 'b', 'y'], ['a', 'b'], 'b', ['b', 'y']],
  ['one that is named and not recorded yet: those after it', ['a', 'c', 'y'], ['a', 'b', 'c'], 'b', ['c', 'y']],
  ['one that is named and not reached: none', ['a', 'x'], ['a', 'b'], 'b', []],
  ['nothing is recorded', [], ['a'], 'a', []],
  ['there is no such step', ['a', 'b'], ['a', 'b'], 'z', undefined],
  ['there is none at all', [], undefined, 'a', undefined],
])('%s', (_how, names, named, from, expected) => {
  expect(stepsFrom(recorded(...names), named, from)).toEqual(expected);
});
