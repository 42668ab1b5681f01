/**
 * The demo's consumer, with Sluice's library: calls the customer's service once per task. A 429 cools the whole group;
 * anything else that fails is classified by its status and tried again, or set aside.
 */
import { defineConsumer, RateLimited } from 'sluice/consumer';
import * as z from 'zod';

const Task = z.object({ customer: z.string(), id: z.union([z.string(), z.number()]) });

export const handler = defineConsumer({
  schema: Task,
  // The partner does not mind to be called twice: then nothing need be remembered of a task that works.
  duplicates: false,
  async task({ customer, id }, { log, signal }) {
    const response = await fetch(`${process.env['PARTNER_URL']}/${customer}/${id}`, { method: 'POST', signal });
    await response.arrayBuffer();
    if (response.status === 429) throw new RateLimited(response.headers.get('retry-after'));
    if (!response.ok) throw new Error(`the partner answered ${response.status}`, { cause: response });
    log.info('task done', { customer, id });
  },
});
