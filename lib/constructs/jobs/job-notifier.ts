/** Tells of what becomes of jobs: the topics of the stage, and the webhook a job names. The one function of ours that calls others' hosts. */
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { Construct } from 'constructs';
import type { NotifierEnvironment } from '../../../lambdas/contract/env.ts';
import { ownReservations } from '../../../lambdas/contract/settings.ts';
import { OwnFunction } from '../own-function.ts';
import { readJobs } from './job-grants.ts';
import { type JobParts, jobEnvironment } from './job-parts.ts';
import { jobTimeouts } from './job-queues.ts';
import type { JobsTopic } from './jobs-topic.ts';
import type { WebhookSecret } from './webhook-secret.ts';

export class JobNotifier extends Construct {
  readonly function: OwnFunction;

  constructor(scope: Construct, id: string, parts: JobParts, topics: Record<'any' | 'ordered', JobsTopic>, secret: WebhookSecret) {
    super(scope, id);
    const { settings, table, jobQueues } = parts;
    const [topic, ordered] = [topics.any.topic.topicArn, topics.ordered.topic.topicArn];
    const own = {
      SLUICE_JOBS_TOPIC_ARN: topic,
      SLUICE_JOBS_FIFO_TOPIC_ARN: ordered,
      SLUICE_WEBHOOK_SECRET_ARN: secret.arn,
    } satisfies Partial<NotifierEnvironment>;
    this.function = new OwnFunction(this, 'Function', {
      folder: 'job-notifier',
      reservation: 'jobNotifier',
      description: 'Tells of what becomes of jobs',
      timeoutSeconds: jobTimeouts.notifier,
      settings,
      environment: { ...jobEnvironment(parts, ['webhookHosts']), ...own },
    });
    const maxConcurrency = ownReservations(settings).jobNotifier;
    this.function.addEventSource(new SqsEventSource(jobQueues.events, { batchSize: 1, maxConcurrency, reportBatchItemFailures: true }));
    this.function.allow('KeepOutbox', [...readJobs, 'dynamodb:UpdateItem', 'dynamodb:DeleteItem'], [table.tableArn]);
    this.function.allow('Publish', ['sns:Publish'], [topic, ordered]);
    this.function.allow('ReadSecret', ['secretsmanager:GetSecretValue'], [secret.arn]);
  }
}
