/**
 * A plain consumer: an ordinary Lambda handler for an SQS batch. It calls the customer's service once per task.
 * It knows nothing of limits: how many of it run at once is the config item's business.
 */
import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';

const partnerUrl = process.env['PARTNER_URL'];

export async function handler(event: SQSEvent): Promise<SQSBatchResponse> {
  const failed: string[] = [];
  for (const record of event.Records) {
    try {
      await runTask(record);
    } catch (error) {
      console.error(JSON.stringify({ message: 'task failed, will be tried again', id: record.messageId, error: String(error) }));
      failed.push(record.messageId);
    }
  }
  // Only what failed goes back to the queue.
  return { batchItemFailures: failed.map((itemIdentifier) => ({ itemIdentifier })) };
}

async function runTask(record: SQSRecord): Promise<void> {
  const task: { customer: string; id: number } = JSON.parse(record.body);
  const response = await fetch(`${partnerUrl}/${task.customer}/${task.id}`, { method: 'POST' });
  await response.arrayBuffer();
  if (!response.ok) throw new Error(`the partner answered ${response.status}`);
  console.log(JSON.stringify({ message: 'task done', customer: task.customer, id: task.id }));
}
