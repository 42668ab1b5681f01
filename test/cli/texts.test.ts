/** What people and programs are shown. */
import { expect, it } from 'vitest';
import { emptyReport, isWhole, reportText } from '../../cli/dead-letters/redrive-report.ts';
import { age, letterDocument, letterSummary, letterTable } from '../../cli/dead-letters/shown.ts';
import { isGood, outcomeText, standing } from '../../cli/release/rollout.ts';
import { table } from '../../cli/table.ts';
import { Release } from '../../lambdas/contract/release-row.ts';
import { dead, diedAt, letter } from './letters.ts';

const later = Date.parse(diedAt) + 90_000;

it('shows letters as a table', () => {
  const rows = letterTable([dead(), dead({ task: 't2', letter: undefined })], later).split('\n');
  expect(rows[0]).toMatch(/^group +task +class +attempts +age +redrives +step +reason$/);
  expect(rows[1]).toMatch(/^A +task 1 +DATA +2 +1 min +0 +- +it failed$/);
  expect(rows[2]).toMatch(/moved by SQS, reason not added yet$/);
});

it('counts them by class', () => {
  expect(letterSummary([dead(), dead({ letter: undefined }), dead()], false)).toBe('3 dead letters in 1 group: 2 DATA, 1 not explained.');
  expect(letterSummary([dead()], true)).toContain('There may be more');
  expect(letterSummary([], false)).toBe('No dead letters.');
});

it('tells no body unless asked', () => {
  const shown = [letterTable([dead()], later), letterSummary([dead()], false), JSON.stringify(letterDocument(dead(), false))];
  for (const text of shown) expect(text).not.toContain('secret');
  expect(letterDocument(dead(), true)).toMatchObject({ body: '{"secret":"in the body"}', task: 'task 1', class: 'DATA' });
});

it.each([
  [0, '0 s'],
  [-5, '0 s'],
  [59_999, '59 s'],
  [60_000, '1 min'],
  [3 * 3_600_000, '3 h'],
  [50 * 3_600_000, '2 d'],
])('an age of %i ms is %s', (ms, text) => expect(age(ms)).toBe(text));

it('keeps foreign text on its line, and a line on its terminal', () => {
  const made = table(['a', 'reason'], [['1', `two\nlines \u001b[31mred ${'long '.repeat(50)}`]], 60);
  expect(made.split('\n')).toHaveLength(2);
  expect(made).not.toContain('\u001b');
  for (const line of made.split('\n')) expect(line.length).toBeLessThanOrEqual(60);
});

it('tells what a redrive did not do', () => {
  const report = { ...emptyReport(false), putBack: { DATA: 2 }, refused: [{ group: 'A', task: 't', why: 'too large' }], interrupted: true };
  expect(reportText(report)).toMatch(/^Put back 2 dead letters: 2 DATA\.\nNot put back: t of A: too large\.\nInterrupted/);
  expect(isWhole(report)).toBe(false);
  expect(isWhole({ ...emptyReport(false), closed: [{ group: 'A', why: 'it is gone' }] })).toBe(true);
});

const release = (change: object) =>
  Release.parse({
    codeKey: 'k',
    id: 'version#1',
    version: '1',
    state: 'RolledOut',
    message: 'm',
    uploadedAt: '',
    sizeBytes: 1,
    updatedAt: '',
    ...change,
  });
const outcome = (change: object | undefined, failedPipelines: { taskGroup: string; message: string }[] = []) => ({
  key: 'k',
  version: '1',
  sizeBytes: 1,
  release: change && release(change),
  failedPipelines,
});

it.each([
  ['everywhere', outcome({ total: 2, done: 2 }), true, 'Rolled out: 2 of 2 pipelines run it.'],
  ['nowhere yet', outcome({}), true, 'No pipeline uses this key yet'],
  [
    'with a failure',
    outcome({ total: 2, done: 1, failed: 1 }, [{ taskGroup: 'B', message: 'bad role' }]),
    false,
    '1 failed.\n  B: bad role\nMend',
  ],
  ['refused', outcome({ state: 'Refused', message: 'no zip' }), false, 'Refused: no zip.'],
  ['overtaken', outcome({ state: 'Superseded' }), false, 'Superseded'],
  ['not over', outcome({ state: 'RollingOut', total: 3, done: 1 }), false, '1 of 3'],
  ['not seen', outcome(undefined), false, 'has not seen the upload'],
])('a release %s', (_what, ended, good, text) => {
  expect(isGood(ended)).toBe(good);
  expect(outcomeText(ended)).toContain(text);
});

it('follows a rollout in a line', () => {
  expect(standing(undefined)).toContain('waiting');
  expect(standing(release({ state: 'Proving' }))).toContain('proved');
  expect(standing(release({ state: 'RollingOut', total: 9, done: 3, failed: 1, skipped: 1 }))).toBe(
    'rolling out: 5 of 9 pipelines, 1 failed',
  );
});

it('says the reason of an earlier death as history only', () => {
  expect(
    letterDocument(
      dead({ letter: undefined, earlier: letter({ history: [{ attempt: 1, class: 'DATA', message: 'x', time: diedAt }] }) }),
      false,
    ),
  ).toMatchObject({
    class: null,
    history: [{ message: 'x' }],
  });
});
