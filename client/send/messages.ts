/** From a caller's tasks to messages: bodies as consumers take them, ids and order. */
import { createHash, randomUUID } from 'node:crypto';
import { SluiceClientError } from '../errors.ts';
import { jsonOf } from '../json.ts';
import type { Message } from './batches.ts';

export interface SendOptions<Task = unknown> {
  /** The task's own id (`sluice.task`): the same over retries and dead letters. `n` is its place, 1 for the first. */
  id?: (task: Task, n: number) => string;
  /** Seconds before they are visible, up to 900; for longer submit a job with `delaySeconds`. Not of a FIFO group. */
  delaySeconds?: number;
  /** `json` (default): a body is the task as JSON. `text`: the task is a string, and the body as it is. */
  body?: 'json' | 'text';
  /** Of a FIFO group: tasks of one message group run in order. Default: all of them are of one, named like the task group. */
  messageGroup?: (task: Task, n: number) => string;
  /** Batches in flight at once. Default 20; 1 for a FIFO group, whose order would suffer. */
  maxConcurrent?: number;
  signal?: AbortSignal;
}

export async function* messagesOf<Task>(
  tasks: Iterable<Task> | AsyncIterable<Task>,
  group: string,
  fifo: boolean,
  options: SendOptions<Task>,
): AsyncGenerator<Message> {
  let n = 0;
  for await (const task of tasks) {
    n += 1;
    const id = options.id?.(task, n);
    const order = fifo
      ? { messageGroup: options.messageGroup?.(task, n) ?? groupName(group), deduplication: id === undefined ? randomUUID() : hash(id) }
      : undefined;
    yield { n, id, task, order, body: bodyOf(task, n, options.body ?? 'json') };
  }
}

function bodyOf(task: unknown, n: number, format: 'json' | 'text'): string {
  if (format === 'json') return jsonOf(task, n).replace(/[\ufffe\uffff]/g, escaped);
  if (typeof task === 'string') return task;
  throw new SluiceClientError(`Task ${n} is no string, which \`body: 'text'\` sends as it is; leave it out to send JSON.`);
}

/** JSON leaves two characters as they are that SQS does not take (API_SendMessage). */
const escaped = (character: string) => `\\u${character.charCodeAt(0).toString(16)}`;
const hash = (text: string) => createHash('sha256').update(text).digest('hex');
/** SQS takes letters, digits and punctuation, up to 128. */
const groupName = (group: string) => (/^[\w!"#$%&'()*+,\-./:;<=>?@[\\\]^`{|}~]{1,128}$/.test(group) ? group : hash(group));
