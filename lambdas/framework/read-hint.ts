/** What a message on a queue of ours says. Only we write it: one that says nothing is logged and done with, the sweeps find the rest. */
import type { SQSRecord } from 'aws-lambda';
import type { z } from 'zod';
import { problemsOf } from '../contract/problems.ts';
import type { Log } from './log.ts';

export function readHint<S extends z.ZodType>(schema: S, { body, messageId }: SQSRecord, log: Log): z.output<S> | undefined {
  const raw = json(body);
  const hint = schema.safeParse(raw);
  if (hint.success) return hint.data;
  log.error('not a hint', { messageId, problems: problemsOf(hint.error, raw) });
  return undefined;
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
