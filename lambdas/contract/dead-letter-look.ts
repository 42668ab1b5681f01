/** What the dead-letter keeper remembers of a queue (in the tasks table), and what it saves of a letter (in the data bucket). */
import { z } from 'zod';
import { Letter } from './task-wire.ts';

/** Partition key of the looks; the sort key is the queue's name. */
export const looksKey = 'dead-letter-looks';

/** The last look through a queue. */
export const DeadLetterLook = z.object({
  queue: z.string(),
  lookedAtMs: z.number(),
  /** Messages of the queue when the look began, hidden ones included; approximate. */
  messages: z.number(),
  /** Whether it got to the end and all it wanted to do was done. */
  complete: z.boolean(),
  /** When the oldest letter that it left must be saved; absent where it left none. */
  dueMs: z.number().optional(),
  /** Epoch seconds. */
  expiresAt: z.number(),
});
export type DeadLetterLook = z.output<typeof DeadLetterLook>;

const SavedAttribute = z.object({
  DataType: z.string(),
  StringValue: z.string().optional(),
  /** Base64, as the AWS CLI takes it. */
  BinaryValue: z.string().optional(),
});

/** A saved dead letter. `message` is what `aws sqs send-message --cli-input-json` takes. */
export const SavedDeadLetter = z.object({
  v: z.literal(1),
  group: z.string(),
  task: z.string(),
  /** Name of the dead-letter queue it was on. */
  queue: z.string(),
  messageId: z.string(),
  /** When SQS took the message; ISO 8601. */
  sentAt: z.string(),
  savedAt: z.string(),
  /** Absent for a message that nobody gave one. */
  letter: z.optional(Letter),
  message: z.object({
    MessageBody: z.string(),
    MessageAttributes: z.record(z.string(), SavedAttribute),
    MessageGroupId: z.string().optional(),
    MessageDeduplicationId: z.string().optional(),
  }),
});
export type SavedDeadLetter = z.output<typeof SavedDeadLetter>;
