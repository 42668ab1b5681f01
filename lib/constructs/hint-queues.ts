/**
 * The queues our functions talk through: hints by class, and where everything that failed for good waits for a person: one
 * queue, and one more for what comes from a FIFO queue, as SQS moves that to a FIFO queue only.
 */
import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { Queue, QueueEncryption, type QueueProps } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';

const common = {
  encryption: QueueEncryption.SQS_MANAGED,
  enforceSSL: true,
  retentionPeriod: Duration.days(14),
  removalPolicy: RemovalPolicy.DESTROY,
} satisfies QueueProps;

/**
 * A hint waits for its group by visibility, and each such wait is a receive: only a hint that comes back for ever is
 * given up, and the sweep makes a new one anyway.
 */
const receivesBeforeFailure = 1_000;

export class HintQueues extends Construct {
  readonly failures: Queue;
  readonly fifoFailures: Queue;
  readonly changes: Queue;
  readonly rollouts: Queue;
  readonly sweeps: Queue;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    this.failures = new Queue(this, 'Failures', common);
    this.fifoFailures = new Queue(this, 'FifoFailures', { ...common, fifo: true });
    this.changes = this.hintQueue('Changes');
    this.rollouts = this.hintQueue('Rollouts');
    this.sweeps = this.hintQueue('Sweeps');
  }

  /**
   * AWS asks for a visibility of six times the function's timeout because a throttled batch is retried until it comes
   * back. Here a mapping's maximum concurrency never exceeds its share of what the function has reserved, so nothing is
   * throttled, and 90 s is enough for a reconcile of at most 60 s.
   */
  hintQueue(id: string, visibilitySeconds = 90, scope: Construct = this): Queue {
    return new Queue(scope, id, {
      ...common,
      visibilityTimeout: Duration.seconds(visibilitySeconds),
      deadLetterQueue: { queue: this.failures, maxReceiveCount: receivesBeforeFailure },
    });
  }

  /** Whoever sends says what is a repetition: two hints of the same words are two. */
  fifoHintQueue(id: string, visibilitySeconds: number, scope: Construct): Queue {
    return new Queue(scope, id, {
      ...common,
      fifo: true,
      contentBasedDeduplication: false,
      visibilityTimeout: Duration.seconds(visibilitySeconds),
      deadLetterQueue: { queue: this.fifoFailures, maxReceiveCount: receivesBeforeFailure },
    });
  }
}
