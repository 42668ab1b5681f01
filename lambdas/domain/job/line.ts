/** A line of a task file as we write it, and back. Pure. */
import { z } from 'zod';
import { StoredTask } from '../../contract/job-table.ts';

/** A task, and which bytes of its file hold its line, the line's end included. */
export interface Located {
  task: StoredTask;
  fromByte: number;
  toByte: number;
}

/** What JSON.parse gave is JSON: walking through the body of every task costs more than all the rest of its way. */
const StoredLine = StoredTask.extend({ body: z.custom<StoredTask['body']>((value) => value !== undefined) });

/** Longest line of a task file in bytes: a message's body, escaped anew, and what the other fields may take. */
export const storedLineBytes = 8 * 1_048_576;

export const storedLine = (task: StoredTask) => `${JSON.stringify(task)}\n`;

/** Throws where it is no such line: the file is our own, so it was damaged. */
export const readStoredLine = (text: string): StoredTask => StoredLine.parse(JSON.parse(text));
