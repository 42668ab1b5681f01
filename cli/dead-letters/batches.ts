/** Messages in batches that SQS takes: by number and by bytes. Pure. */
import { queueLimits } from '../../lambdas/contract/limits.ts';
import type { Redriven } from './redriven.ts';

/** A batch's bodies and attributes together may be what one message may (API_SendMessageBatch). */
const batchBytes = queueLimits.messageBytes;

export const bytesOf = ({ body, attributes }: Redriven) =>
  Object.entries(attributes).reduce(
    (sum, [name, { DataType, StringValue = '', BinaryValue }]) =>
      sum + Buffer.byteLength(name) + Buffer.byteLength(DataType) + Buffer.byteLength(StringValue) + (BinaryValue?.byteLength ?? 0),
    Buffer.byteLength(body),
  );

/** In their order; one that is larger than a batch may be goes alone, and SQS decides. */
export function batches<T extends { task: Redriven }>(entries: T[], size: number): T[][] {
  const made: T[][] = [];
  let bytes = 0;
  for (const entry of entries) {
    const own = bytesOf(entry.task);
    const last = made.at(-1);
    if (last && last.length < size && bytes + own <= batchBytes) {
      last.push(entry);
      bytes += own;
    } else {
      made.push([entry]);
      bytes = own;
    }
  }
  return made;
}
