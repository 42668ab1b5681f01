/** The notifier on the double of AWS, fed by its queue in virtual time; the webhook's host is a port that the test answers for. */
import type { SQSEvent } from 'aws-lambda';
import type { Sns } from '../../lambdas/aws/jobs/topic.ts';
import type { Secrets } from '../../lambdas/aws/jobs/webhook-secret.ts';
import type { JobStatus } from '../../lambdas/contract/job.ts';
import { changeEventId, eventId, OutboxRow, outboxKey } from '../../lambdas/contract/job-table.ts';
import { createNotifier, notifierOf } from '../../lambdas/job-notifier/notify.ts';
import type { Posted } from '../../lambdas/job-notifier/post-webhook.ts';
import type { DoubleCaller } from '../double/aws/double.ts';
import { Service } from '../double/aws/service.ts';
import { SnsDouble } from '../double/aws/sns.ts';
import { JobStage, jobTables } from '../double/job-stage.ts';
import { QueuePoller, RunningFunction } from '../double/platform.ts';

const topicArn = 'arn:aws:sns:eu-central-1:123456789012:sluice-test-jobs';
const fifoTopicArn = `${topicArn}.fifo`;
export const url = 'https://hooks.example.com/ended?key=hidden';
export const event = eventId('job1', 0, 'FAILED');

export interface Delivery {
  atMs: number;
  event: string;
  body: string;
}

export class NotifierWorld {
  readonly stage = new JobStage({ webhookHosts: ['hooks.example.com'] });
  readonly sns = new SnsDouble([topicArn, fifoTopicArn]);
  readonly posts: Delivery[] = [];
  /** What the host answers to its nth delivery, 1 for the first. */
  host: (count: number) => Posted = () => ({ kind: 'accepted' });
  readonly notifier: RunningFunction;

  constructor() {
    const { aws } = this.stage;
    this.notifier = new RunningFunction(aws, {
      name: 'job-notifier',
      timeoutSeconds: 60,
      coldStart: (caller) => {
        const services = this.stage.services(caller);
        const environment = {
          SLUICE_JOBS_TOPIC_ARN: topicArn,
          SLUICE_JOBS_FIFO_TOPIC_ARN: fifoTopicArn,
          SLUICE_WEBHOOK_SECRET_ARN: 'arn:secret',
        };
        const parts = { sns: this.#sns(caller), secrets: noSecrets, environment };
        const notify = createNotifier(services, {
          ...notifierOf(services, parts),
          post: (_, id, body) => this.#answered(caller, id, body),
        });
        return (given) => notify(given as SQSEvent);
      },
    });
    new QueuePoller(aws, { queue: this.#events(), target: this.notifier, batchSize: 1, maximumConcurrency: 2 });
  }

  /** A job has failed, and its event is in the outbox, as the transaction that ends it leaves both. */
  ended(job: { webhook?: { url: string } } = { webhook: { url } }, { event: id, life } = { event, life: 0 }): void {
    const { aws } = this.stage;
    this.stage.putJob({ job: 'job1', name: 'nightly', ...job });
    const row = { event: id, job: 'job1', life, status: 'FAILED', atMs: aws.clock.nowMs(), expiresAt: 4_000_000_000 };
    aws.dynamodb.put(jobTables.jobs, { ...outboxKey(id), ...row });
  }

  /** A placed job was changed, and the event of it is in the outbox. */
  changed(change: NonNullable<OutboxRow['change']>, status: JobStatus): string {
    const { aws } = this.stage;
    const id = changeEventId('job1', change.sequence);
    const row = { event: id, job: 'job1', life: 0, status, atMs: aws.clock.nowMs(), change, expiresAt: 4_000_000_000 };
    aws.dynamodb.put(jobTables.jobs, { ...outboxKey(id), ...row });
    return id;
  }

  async hint(of = event): Promise<void> {
    const { hints } = this.stage.services(this.stage.caller('test'));
    await this.stage.aws.clock.until(hints.event({ job: 'job1', event: of }));
  }

  /** What subscribers of the topic have got. */
  get published() {
    return this.sns.published.filter(({ topic }) => topic === topicArn);
  }

  /** And those of the FIFO topic. */
  get ordered() {
    return this.sns.published.filter(({ topic }) => topic === fifoTopicArn);
  }

  /** The event's row, as long as it is not delivered. */
  get row(): OutboxRow | undefined {
    const item = this.stage.aws.dynamodb.read(jobTables.jobs, outboxKey(event));
    return item && OutboxRow.parse(item);
  }

  /** Until nothing waits any more. */
  run = () => this.stage.aws.clock.run();

  #events() {
    const queue = this.stage.aws.sqs.find('events');
    if (!queue) throw new Error('no queue events');
    return queue;
  }

  async #answered({ process }: DoubleCaller, id: string, body: string): Promise<Posted> {
    await process.clock.sleep(200);
    this.posts.push({ atMs: process.clock.nowMs(), event: id, body });
    return this.host(this.posts.length);
  }

  #sns({ process }: DoubleCaller): Sns {
    const { aws } = this.stage;
    const { clock, log, random, settings } = aws;
    const service = new Service({
      name: 'sns',
      clock,
      log,
      random,
      latencyMs: settings.latencyMs,
      sdkAttempts: 1,
      operations: this.sns.operations,
    });
    // The SDK's `send` is overloaded by command.
    return service.clientFor(process) as Sns;
  }
}

/** Nothing is signed here: the host is a port. */
const noSecrets = { send: () => Promise.reject(new Error('no secret is asked for')) } as Secrets;
