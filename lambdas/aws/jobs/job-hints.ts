/** Hints of the job service, to its queues. A hint that is lost is found by the sweep; one that comes twice does no harm. */
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import type { JobEnvironment } from '../../contract/env.ts';
import type { DispatchHint, EventHint, IntakeHint, PlacingHint, ResultsHint, ValidationHint } from '../../contract/job-messages.ts';
import { queueLimits } from '../../contract/limits.ts';
import type { Clients } from '../clients.ts';
import { named } from '../errors.ts';
import { placingHints } from '../placing-hints.ts';

export function jobHints(sqs: Clients['sqs'], environment: JobEnvironment) {
  async function send(
    QueueUrl: string,
    hint: DispatchHint | IntakeHint | ResultsHint | EventHint | ValidationHint,
    delaySeconds = 0,
  ): Promise<void> {
    const DelaySeconds = Math.round(Math.min(Math.max(0, delaySeconds), queueLimits.delaySeconds.max));
    await named('SendMessage', QueueUrl, () =>
      sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: JSON.stringify(hint), DelaySeconds })),
    );
  }
  const placing = placingHints(sqs, environment.SLUICE_PLACING_QUEUE_URL);
  return {
    /** At the moment a job may start: now, or at its time. The sweep knows of those that are further away. */
    async startOf({ runAtMs }: { runAtMs?: number | undefined }, nowMs: number): Promise<void> {
      const seconds = Math.max(0, Math.ceil(((runAtMs ?? nowMs) - nowMs) / 1_000));
      if (seconds <= queueLimits.delaySeconds.max) await send(environment.SLUICE_DISPATCH_QUEUE_URL, { kind: 'schedule' }, seconds);
    },
    schedule: (delaySeconds?: number) => send(environment.SLUICE_DISPATCH_QUEUE_URL, { kind: 'schedule' }, delaySeconds),
    /** Waits 900 s at most, as SQS does: the sweep gives the next one. */
    target: (target: string, delaySeconds?: number) =>
      send(environment.SLUICE_DISPATCH_QUEUE_URL, { kind: 'target', target }, delaySeconds),
    intake: (job: string) => send(environment.SLUICE_INTAKE_QUEUE_URL, { job }),
    results: (hint: ResultsHint) => send(environment.SLUICE_RESULTS_QUEUE_URL, hint),
    placing,
    /** Once so many seconds are over, 900 at most. The sweep knows of those that are further away. */
    placingLater: (hint: PlacingHint, delaySeconds: number) =>
      delaySeconds <= 0 ? placing(hint) : send(environment.SLUICE_DISPATCH_QUEUE_URL, { kind: 'placing', hint }, delaySeconds),
    validation: (job: string) => send(environment.SLUICE_VALIDATION_QUEUE_URL, { job }),
    event: (hint: EventHint, delaySeconds?: number) => send(environment.SLUICE_EVENTS_QUEUE_URL, hint, delaySeconds),
  };
}
export type JobHints = ReturnType<typeof jobHints>;
