/** What a test says of the group its consumer is in, as the runtime takes it. */
import type { RetryRule } from '../../lambdas/domain/task/back-off.ts';
import type { ConsumerSettings } from '../runtime/consumer-settings.ts';

export interface TestSettings {
  /** Default `test`. */
  group?: string;
  /** Default 3 retries after up to 2, 4, 8 … seconds, at most 3,600; half of each is jitter, see `random`. */
  retry?: Partial<RetryRule>;
  ratePerSecond?: number;
  concurrency?: number;
  /** The function's timeout. Default 30. */
  timeoutSeconds?: number;
  secrets?: Record<string, string>;
  /** The stage's permits by name. */
  permits?: Record<string, number>;
  fifo?: boolean;
  maxReceiveCount?: number;
  /** When the test begins. Default 2026-01-01. */
  now?: Date;
  /** 0 up to 1, for the jitter of the back-off. Default 0.5. */
  random?: () => number;
}

export function consumerSettingsOf(settings: TestSettings): ConsumerSettings {
  const { group = 'test', ratePerSecond, concurrency = 1, fifo = false } = settings;
  return {
    stage: 'test',
    group,
    pipeline: group,
    queueName: fifo ? `${group}.fifo` : group,
    deadLetterQueueName: `${group}-dlq`,
    tasksTable: 'tasks',
    dataBucket: 'data',
    hintsQueueUrl: 'https://test/hints',
    reportsQueueUrl: 'https://test/reports',
    fifo,
    maxReceiveCount: settings.maxReceiveCount ?? 1_000,
    retry: { maxRetries: 3, baseSeconds: 2, capSeconds: 3_600, ...settings.retry },
    // A test names values where an item names references.
    secrets: Object.fromEntries(Object.keys(settings.secrets ?? {}).map((name) => [name, name])),
    rate: ratePerSecond === undefined ? undefined : { ratePerSecond, concurrency },
  };
}
