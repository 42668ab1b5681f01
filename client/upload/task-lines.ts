/** Tasks as NDJSON. Pure, but for reading what it is given. */
import type { Task } from '../jobs/submission.ts';
import { jsonOf } from '../json.ts';

/** A line for every task, without its end. */
export async function* taskLines(tasks: Iterable<Task> | AsyncIterable<Task>): AsyncGenerator<string> {
  let n = 0;
  for await (const task of tasks) {
    n += 1;
    yield jsonOf(task, n);
  }
}

/** So much text is handed on at once. */
const chunkCharacters = 65_536;

/** Lines as text in chunks: one by one they would cost more than what they hold. */
export async function* joined(lines: AsyncIterable<string>): AsyncGenerator<string> {
  let chunk = '';
  for await (const line of lines) {
    chunk += `${line}\n`;
    if (chunk.length < chunkCharacters) continue;
    yield chunk;
    chunk = '';
  }
  if (chunk !== '') yield chunk;
}
