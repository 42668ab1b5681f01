/** Hints of events → deliveries. What fails comes back by its message's visibility, for a day and longer. */
import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import type { JobServices } from '../aws/jobs/job-services.ts';
import { addWarning } from '../aws/jobs/job-warnings.ts';
import { jobsTopic, type Sns } from '../aws/jobs/topic.ts';
import { type Secrets, webhookSecret } from '../aws/jobs/webhook-secret.ts';
import { messageVisibility } from '../aws/message-visibility.ts';
import type { NotifierEnvironment } from '../contract/env.ts';
import { EventHint } from '../contract/job-messages.ts';
import { readHint } from '../framework/read-hint.ts';
import { done, eachRecord } from '../framework/sqs-batch.ts';
import { isAllowedBy, systemResolve } from './checked-lookup.ts';
import { deliver, type Notifier } from './deliver.ts';
import { postWebhook } from './post-webhook.ts';

export interface NotifierParts {
  sns: Sns;
  secrets: Secrets;
  environment: Pick<NotifierEnvironment, 'SLUICE_JOBS_TOPIC_ARN' | 'SLUICE_JOBS_FIFO_TOPIC_ARN' | 'SLUICE_WEBHOOK_SECRET_ARN'>;
}

const webhookTimeoutMs = 10_000;

export function createNotifier({ clients, log }: Pick<JobServices, 'clients' | 'log'>, notifier: Notifier) {
  const visibility = messageVisibility(clients.sqs);
  const batch = { log, comeBack: (record: SQSRecord, seconds: number) => visibility(record.eventSourceARN, record.receiptHandle, seconds) };
  return (event: SQSEvent): Promise<SQSBatchResponse> =>
    eachRecord(event, batch, async (record) => {
      const hint = readHint(EventHint, record, log);
      return hint === undefined ? done : deliver(notifier, hint);
    });
}

export function notifierOf(services: JobServices, { sns, secrets, environment }: NotifierParts): Notifier {
  const { jobs, outbox, placement, clock, log, stage, clients, jobEnvironment } = services;
  const { settings } = stage;
  const secret = webhookSecret(secrets, environment.SLUICE_WEBHOOK_SECRET_ARN, clock);
  const way = { isAllowed: isAllowedBy(settings), resolve: systemResolve, timeoutMs: webhookTimeoutMs };
  return {
    jobs,
    outbox,
    placement,
    clock,
    log,
    publish: jobsTopic(sns, environment.SLUICE_JOBS_TOPIC_ARN),
    publishInOrder: jobsTopic(sns, environment.SLUICE_JOBS_FIFO_TOPIC_ARN),
    post: (target, event, body) => postWebhook({ settings, secret, clock, way }, target, event, body),
    addWarning: (job, warning) => addWarning(clients.documents, jobEnvironment.SLUICE_JOBS_TABLE, job, warning),
  };
}
