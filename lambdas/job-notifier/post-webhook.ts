/** One delivery of an event to a job's webhook: where it may go, signed anew each time, and what the answer means. */
import type { StageSettings } from '../contract/settings.ts';
import { webhookProblem } from '../domain/job/webhook-hosts.ts';
import { webhookHeaders } from '../domain/job/webhook-signature.ts';
import type { Clock } from '../framework/clock.ts';
import { httpsPost, type Way } from './https-post.ts';

/** `refused`: trying again would not help. */
export type Posted = { kind: 'accepted' } | { kind: 'refused' | 'failed'; why: string };

export interface WebhookSender {
  settings: Pick<StageSettings, 'webhookHosts'>;
  secret: () => Promise<Buffer[]>;
  clock: Pick<Clock, 'nowMs'>;
  way: Way;
}

const gone = 410;

export async function postWebhook(sender: WebhookSender, target: string, event: string, body: string): Promise<Posted> {
  const problem = webhookProblem(target, sender.settings.webhookHosts);
  if (problem !== undefined) return { kind: 'refused', why: `its URL ${problem}` };
  try {
    const signed = webhookHeaders(event, sender.clock.nowMs(), body, await sender.secret());
    const headers = { 'content-type': 'application/json', 'user-agent': 'sluice', ...signed };
    return meaning(await httpsPost(new URL(target), headers, body, sender.way));
  } catch (error) {
    return { kind: 'failed', why: saidBy(error) };
  }
}

/** Where each of a host's addresses failed, the error that sums it up says nothing itself. */
function saidBy(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(saidBy).join(', ');
  return error instanceof Error ? error.message : String(error);
}

function meaning(status: number): Posted {
  if (status >= 200 && status < 300) return { kind: 'accepted' };
  if (status === gone) return { kind: 'refused', why: 'its host answered 410: it wants no more of them' };
  if (status >= 300 && status < 400) return { kind: 'failed', why: `its host answered ${status}, and no redirect is followed` };
  return { kind: 'failed', why: `its host answered ${status}` };
}
