/**
 * A ticket for each job that has failed for good. Not a consumer: a Lambda function of its own, behind a queue that is
 * subscribed to the stage's jobs topic. An event may come twice; the tracker knows it by its id and makes one ticket of it.
 */
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { z } from 'zod';

/** As much of an event as a ticket needs (docs/webhooks.md). */
const JobEvent = z.object({
  id: z.string(),
  time: z.string(),
  pool: z.string().optional(),
  class: z.string().optional(),
  job: z.object({
    id: z.string(),
    message: z.string(),
    name: z.string().optional(),
    customer: z.string().optional(),
    taskGroup: z.string().optional(),
    history: z.array(z.object({ attempt: z.number(), class: z.string(), message: z.string(), time: z.string() })).default([]),
    findings: z.array(z.string()).default([]),
  }),
});
type JobEvent = z.infer<typeof JobEvent>;

const { TRACKER_URL = '', TRACKER_TOKEN = '' } = process.env;

export async function handler({ Records }: SQSEvent): Promise<SQSBatchResponse> {
  const failed = await Promise.all(
    Records.map(async ({ messageId, body }) => {
      try {
        await openTicket(JobEvent.parse(JSON.parse(body)));
        return [];
      } catch (error) {
        // It comes back, and after `maxReceiveCount` times waits in the dead-letter queue.
        console.error(messageId, error);
        return [{ itemIdentifier: messageId }];
      }
    }),
  );
  return { batchItemFailures: failed.flat() };
}

async function openTicket(event: JobEvent): Promise<void> {
  const answer = await fetch(TRACKER_URL, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${TRACKER_TOKEN}`, 'idempotency-key': event.id },
    body: JSON.stringify(ticketOf(event)),
    signal: AbortSignal.timeout(10_000),
  });
  if (!answer.ok) throw new Error(`the tracker answered ${answer.status}`);
}

function ticketOf({ time, pool, class: errorClass, job }: JobEvent) {
  const attempts = job.history.map(({ attempt, class: kind, message, time: at }) => `${attempt}. ${at} ${kind}: ${message}`);
  return {
    title: `Job ${job.name ?? job.id} has failed${errorClass === undefined ? '' : ` (${errorClass})`}`,
    labels: [job.customer, pool ?? job.taskGroup, errorClass].filter((label) => label !== undefined),
    text: [`${job.id} at ${time}: ${job.message}`, ...attempts, ...job.findings, `npx sluice job ${job.id}`].join('\n'),
  };
}
