/** The Python helper and the library decide alike: one table of cases for both, and letters that each side can read. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { AttemptRecord } from '../../lambdas/contract/task-table.ts';
import { ErrorClass, letterBytes, numberOfTask } from '../../lambdas/contract/task-wire.ts';
import { openAttempt } from '../../lambdas/domain/task/attempt.ts';
import { backOffSeconds, coolingSeconds } from '../../lambdas/domain/task/back-off.ts';
import { classify } from '../../lambdas/domain/task/classify.ts';
import { classOfHttpStatus, secondsOf } from '../../lambdas/domain/task/classify-http.ts';
import { readLetter } from '../../lambdas/domain/task/letter.ts';
import { spacingMs } from '../../lambdas/domain/task/spacing.ts';
import { timeBudget } from '../../lambdas/domain/task/time-budget.ts';

const folder = import.meta.dirname;
const seconds = z.number();
const Cases = z.object({
  backOff: z.array(
    z.object({
      retry: z.object({ maxRetries: z.number(), baseSeconds: z.number(), capSeconds: z.number() }),
      ...{ number: z.number(), random: z.number(), seconds },
    }),
  ),
  cooling: z.array(z.object({ streak: z.number(), seconds })),
  spacing: z.array(z.object({ ratePerSecond: z.string(), concurrency: z.string(), seconds })),
  reserve: z.array(z.object({ remaining: z.number(), seconds })),
  statuses: z.array(z.object({ status: z.number(), class: ErrorClass })),
  awsErrors: z.array(z.object({ code: z.string(), status: z.number(), reasons: z.array(z.string()).optional(), class: ErrorClass })),
  answersThatAreNoJson: z.array(z.object({ text: z.string(), class: ErrorClass })),
  retryAfter: z.array(z.object({ text: z.string(), seconds: seconds.nullable() })),
  retryAfterNow: z.string(),
  attempts: z.array(
    z.object({
      what: z.string(),
      before: z.record(z.string(), z.unknown()).nullable(),
      attempt: z.number(),
      silent: z.record(z.string(), z.unknown()).nullable(),
    }),
  ),
  taskNumbers: z.array(z.object({ job: z.string(), task: z.string(), n: z.number().nullable() })),
});
const cases = Cases.parse(JSON.parse(readFileSync(join(folder, 'cases.json'), 'utf8')));

function python(file: string, input = '') {
  return spawnSync('python3', [join(folder, file)], {
    input,
    encoding: 'utf8',
    env: {
      ...process.env,
      PYTHONPATH: join(folder, '..', '..', 'examples', 'consumer-python'),
      PYTHONDONTWRITEBYTECODE: '1',
      PYTHONUTF8: '1',
    },
  });
}

it.each([
  ["passes its own tests, the table's among them", 'test_rules.py'],
  ['tells jobs what the library does', 'test_jobs.py'],
  ['works for placed jobs as the library does', 'test_placed.py'],
])('the Python helper %s', (_what, file) => {
  const { status, stderr } = python(file);
  expect(stderr).toMatch(/^OK$/m);
  expect(status).toBe(0);
});

describe('the library decides by the same table', () => {
  it.each(cases.backOff)('back-off $number of $retry at $random: $seconds s', ({ retry, number, random, seconds }) =>
    expect(backOffSeconds(retry, number, random)).toBe(seconds),
  );
  it.each(cases.cooling)('cooling $streak: $seconds s', ({ streak, seconds }) => expect(coolingSeconds(streak)).toBe(seconds));
  it.each(cases.spacing)('spacing of $ratePerSecond/s by $concurrency: $seconds s', ({ ratePerSecond, concurrency, seconds }) =>
    expect(spacingMs({ ratePerSecond: Number(ratePerSecond), concurrency: Number(concurrency) })).toBeCloseTo(seconds * 1_000),
  );
  it.each(cases.reserve)('of $remaining s are kept back $seconds s', ({ remaining, seconds }) =>
    expect(remaining * 1_000 - timeBudget(0, remaining * 1_000).deadlineMs).toBeCloseTo(seconds * 1_000),
  );
  it.each(cases.statuses)('HTTP $status: $class', (known) => expect(classOfHttpStatus(known.status)).toBe(known.class));
  it.each(cases.awsErrors)('AWS $code $status $reasons: $class', ({ code, status, reasons, class: expected }) => {
    const error = Object.assign(new Error('no'), {
      ...{ name: code, $fault: status < 500 ? 'client' : 'server', $metadata: { httpStatusCode: status } },
      ...(reasons && { CancellationReasons: reasons.map((Code) => ({ Code })) }),
    });
    expect(classify(error, 0)).toEqual({ kind: 'failed', class: expected });
  });
  it.each(cases.answersThatAreNoJson)('an answer that is no JSON, $text: $class', ({ text, class: expected }) => {
    expect(classify(parseError(text), 0)).toEqual({ kind: 'failed', class: expected });
  });
  it.each(cases.retryAfter)('Retry-After $text: $seconds s', ({ text, seconds }) =>
    expect(secondsOf(text, Date.parse(cases.retryAfterNow))).toBe(seconds ?? undefined),
  );
  it.each(cases.taskNumbers)('$task of job $job is its number $n', ({ job, task, n }) =>
    expect(numberOfTask(job, task)).toBe(n ?? undefined),
  );
  it.each(cases.attempts)('attempt of a task $what: $attempt', ({ before, attempt, silent }) => {
    const opening = openAttempt(before ? AttemptRecord.parse({ expiresAt: 0, ...before }) : undefined);
    expect(opening.attempt).toBe(attempt);
    if (silent) expect(opening.silent).toMatchObject(silent);
    else expect(opening.silent).toBeUndefined();
  });
});

const text = fc.string({ unit: 'binary', maxLength: 300 });
const taskId = fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 300 });
const longText = fc.tuple(text, fc.nat(40)).map(([part, times]) => part.repeat(times));
const failedAttempt = fc.record({ attempt: fc.nat(), class: fc.constantFrom(...ErrorClass.options), message: text, time: fc.string() });
const moment = fc.date({ noInvalidDate: true, min: new Date(0), max: new Date(4e12) }).map((date) => date.toISOString());
const letter = fc.record({
  ...{ v: fc.constant(1), task: taskId, group: text, class: fc.constantFrom(...ErrorClass.options), message: longText },
  ...{ stack: longText, attempt: fc.nat(), time: moment, redrives: fc.nat(9), history: fc.array(failedAttempt, { maxLength: 40 }) },
});

it('letters of the Python helper fit their attribute and can be read by everybody', () => {
  const letters = fc.sample(letter, 200);
  const { stdout, stderr } = python('letters.py', JSON.stringify(letters));
  expect(stderr).toBe('');
  const texts = z.array(z.string()).parse(JSON.parse(stdout));
  expect(texts).toHaveLength(letters.length);
  texts.forEach((json, i) => {
    expect(Buffer.byteLength(json)).toBeLessThanOrEqual(letterBytes);
    // What SQS takes: XML 1.0 (API_SendMessage).
    expect(json).toMatch(/^[\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]*$/u);
    const read = readLetter(json);
    expect(read).toMatchObject({ task: letters[i]?.task, class: letters[i]?.class });
    expect(letters[i]?.message.startsWith(read?.message ?? '-')).toBe(true);
  });
});

function parseError(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (thrown) {
    return thrown;
  }
}
