/** What a person must be told of: something failed for good, or changes are not looked at any more. */
import { Duration } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, type IMetric, Metric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { metricNamespace } from '../../lambdas/contract/metrics.ts';
import type { StageSettings } from '../../lambdas/contract/settings.ts';
import type { HintQueues } from './hint-queues.ts';
import type { JobQueues } from './jobs/job-queues.ts';
import type { JobService } from './jobs/job-service.ts';
import type { PipelineReconciler } from './pipeline-reconciler.ts';
import type { StreamListener } from './stream-listener.ts';

const lateSeconds = 5 * 60;

const everyMinute = { period: Duration.minutes(1), statistic: 'Maximum' };
/** Of those who try again for good, whatever the class: percent of the starts of a quarter of an hour (domain/placement/placing-metrics.ts). */
const highRetryRate = 50;

const inFiveMinutes = { period: Duration.minutes(5), statistic: 'Sum' };

export interface Watched {
  queues: HintQueues;
  listener: StreamListener;
  reconciler: PipelineReconciler;
  jobQueues: JobQueues;
  jobs: JobService;
}

export class Alarms extends Construct {
  private readonly action: SnsAction | undefined;

  constructor(scope: Construct, id: string, settings: StageSettings, watched: Watched) {
    super(scope, id);
    const { alarmTopicArn } = settings;
    this.action = alarmTopicArn === undefined ? undefined : new SnsAction(Topic.fromTopicArn(this, 'Topic', alarmTopicArn));
    this.pipelines(watched);
    this.jobs(watched);
    this.pools(watched, settings);
  }

  private pipelines({ queues, listener, reconciler }: Watched): void {
    this.alarm(
      'FailuresWait',
      'Something failed for good: read the failures queue',
      queues.failures.metricApproximateNumberOfMessagesVisible(everyMinute),
      0,
    );
    this.alarm(
      'ChangesWait',
      'Changes of the config table wait for more than five minutes to be read: see the log of the stream listener',
      listener.function.metric('IteratorAge', everyMinute),
      1_000 * lateSeconds,
    );
    // A hint that fails comes back for a day before it lands in the failures queue.
    const fails = 'The reconciler itself fails, not a group: see its log';
    this.alarm('ReconcilerFails', fails, reconciler.function.metricErrors(inFiveMinutes), 0);
  }

  private jobs({ jobQueues, jobs }: Watched): void {
    this.alarm(
      'ReportsWait',
      'What became of tasks waits for more than five minutes to be counted: see the log of the function that counts',
      jobQueues.reports.metricApproximateAgeOfOldestMessage(everyMinute),
      lateSeconds,
    );
    const fails = (what: string) => `The function that ${what} fails itself, not a task: see its log`;
    this.alarm('ProgressFails', fails('counts what became of tasks'), jobs.progress.function.metricErrors(inFiveMinutes), 0);
    this.alarm('DispatcherFails', fails('sends tasks'), jobs.dispatcher.function.metricErrors(inFiveMinutes), 0);
  }

  private pools({ queues, jobQueues, jobs }: Watched, { prefix }: StageSettings): void {
    // Written by the scheduler to its log, after each sweep.
    const told = (metricName: string, how: typeof everyMinute) =>
      new Metric({ namespace: metricNamespace, metricName, dimensionsMap: { Stage: prefix }, ...how });
    this.alarm(
      'FifoFailuresWait',
      'A hint to the scheduler of pools was given up: read the FIFO failures queue',
      queues.fifoFailures.metricApproximateNumberOfMessagesVisible(everyMinute),
      0,
    );
    this.alarm(
      'PlacingWaits',
      'Hints to the scheduler of pools wait for more than five minutes: see its log',
      jobQueues.placing.metricApproximateAgeOfOldestMessage(everyMinute),
      lateSeconds,
    );
    this.alarm(
      'SchedulerFails',
      'The function that places jobs on pools fails itself, not a job: see its log',
      jobs.scheduler.function.metricErrors(inFiveMinutes),
      0,
    );
    this.alarm(
      'LimitPassed',
      'More runs on pools than a limit allows: see the log of the scheduler',
      told('LimitViolations', everyMinute),
      0,
    );
    this.alarm('LeasesExpire', 'Whoever worked for a job on a pool went silent', told('ExpiredLeases', inFiveMinutes), 0);
    this.alarm('JobsRetried', 'More than half of the starts on pools are retries', told('JobRetryRate', everyMinute), highRetryRate);
  }

  private alarm(id: string, alarmDescription: string, metric: IMetric, threshold: number): void {
    const alarm = new Alarm(this, id, {
      alarmDescription,
      metric,
      threshold,
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
      evaluationPeriods: 1,
      // An idle stage reports nothing.
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
    if (this.action !== undefined) alarm.addAlarmAction(this.action);
  }
}
