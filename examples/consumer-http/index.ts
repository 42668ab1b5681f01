/**
 * Sends a contact to a CRM that has a rate limit and an API key per customer. Every failure is thrown with the answer
 * as its cause; Sluice reads status and Retry-After from there: 429 cools the group, 5xx is tried again, 401 is a
 * CONFIGURATION error, 400 and 422 are DATA errors.
 */
import { defineConsumer, PermanentError, type TaskContext } from 'sluice/consumer';
import * as z from 'zod';

const Contact = z.object({ id: z.string().min(1), email: z.email(), name: z.string().optional() });
type Contact = z.infer<typeof Contact>;

const Answer = z.object({ status: z.enum(['stored', 'blocked']) });

export const handler = defineConsumer({ schema: Contact, task: send });

async function send(contact: Contact, context: TaskContext): Promise<void> {
  const response = await fetch(`${process.env['CRM_URL']}/contacts/${encodeURIComponent(contact.id)}`, {
    // A task runs at least once, so a call must be safe to repeat: PUT is, and the key says so to APIs that want it.
    method: 'PUT',
    headers: {
      authorization: `Bearer ${await context.secret('CRM_API_KEY')}`,
      'content-type': 'application/json',
      'idempotency-key': context.taskId,
    },
    body: JSON.stringify(contact),
    signal: context.signal,
  });
  if (!response.ok) {
    await response.body?.cancel();
    throw new Error(`the CRM answered ${response.status}`, { cause: response });
  }
  const answer = Answer.parse(await response.json());
  // The CRM said no for good: nothing a retry could change.
  if (answer.status === 'blocked') throw new PermanentError(`the CRM blocks contact ${contact.id}`);
  context.log.info('contact sent', { contact: contact.id });
}
