/** A line of a file that somebody handed in → a task, or why it is none. Pure. */
import { z } from 'zod';
import { TaskInput } from '../../contract/job.ts';
import { storedLine } from './line.ts';
import { storedTask, type TaskPlace, taskProblems } from './task-input.ts';

/**
 * Longest line that is read, in bytes: a task of 1 MiB whose text is escaped throughout, as some writers of JSON do, has up
 * to three times that.
 */
export const sourceLineBytes = 4 * 1_048_576;

/** `stored`: the line of the task file. */
export type SourceLine = { kind: 'blank' } | { kind: 'task'; stored: string } | { kind: 'bad'; message: string };

const longestMessage = 500;

/** What JSON.parse gave is JSON, but for numbers beyond what JavaScript holds: those are looked for where there may be any. */
const ParsedInput = TaskInput.extend({ body: z.custom<TaskInput['body']>((value) => value !== undefined, 'must be there') });
const mayHoldInfinity = /[eE]\+?\d{3}|\d{300}/;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** `text`: without the line's end; undefined where it was too long to be kept. */
export function readSourceLine(text: Uint8Array | undefined, place: TaskPlace): SourceLine {
  if (text === undefined) return bad(`is longer than ${sourceLineBytes} bytes`);
  let line: string;
  try {
    line = utf8.decode(text);
  } catch {
    return bad('is not UTF-8');
  }
  if (line.trim() === '') return { kind: 'blank' };
  try {
    return readTask(line, place);
  } catch (error) {
    if (error instanceof SyntaxError) return bad(`is not JSON: ${error.message}`);
    if (error instanceof RangeError) return bad('is nested too deeply');
    throw error;
  }
}

function readTask(line: string, place: TaskPlace): SourceLine {
  const value: unknown = JSON.parse(line);
  const parsed = (mayHoldInfinity.test(line) ? TaskInput : ParsedInput).safeParse(value);
  if (!parsed.success) return bad(parsed.error.issues.map(({ path, message }) => says(path.join('.'), message)).join('; '));
  const problems = taskProblems(parsed.data, place);
  if (problems.length > 0) return bad(problems.map(({ field, message }) => says(field, message)).join('; '));
  return { kind: 'task', stored: storedLine(storedTask(parsed.data, place.n, place.nowMs)) };
}

const says = (field: string, message: string) => (field === '' ? message : `${field}: ${message}`);
const bad = (message: string): SourceLine => ({
  kind: 'bad',
  message: message.length > longestMessage ? `${message.slice(0, longestMessage)}…` : message,
});
