/** Counts what became of tasks, and ends jobs. Hears it from consumers and, where Lambda gave up on a user's function, from Lambda. */
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { Construct } from 'constructs';
import { ownReservations } from '../../../lambdas/contract/settings.ts';
import { OwnFunction } from '../own-function.ts';
import { changeJobs } from './job-grants.ts';
import { type JobParts, jobEnvironment } from './job-parts.ts';
import { hintsOfPlaced, jobTimeouts } from './job-queues.ts';

/** Of its reservation, what the queue of failed invocations gets; the rest is the reports'. A mapping takes 2 at least. */
const forFunctionFailures = 2;

export class JobProgress extends Construct {
  readonly function: OwnFunction;

  constructor(scope: Construct, id: string, parts: JobParts) {
    super(scope, id);
    const { settings, table, jobQueues } = parts;
    this.function = new OwnFunction(this, 'Function', {
      folder: 'job-progress',
      reservation: 'jobProgress',
      description: 'Counts what became of tasks',
      timeoutSeconds: jobTimeouts.progress,
      memoryMiB: 512,
      settings,
      environment: jobEnvironment(parts),
    });
    const forReports = ownReservations(settings).jobProgress - forFunctionFailures;
    const take = { batchSize: 10, reportBatchItemFailures: true };
    this.function.addEventSource(new SqsEventSource(jobQueues.reports, { ...take, maxConcurrency: forReports }));
    this.function.addEventSource(new SqsEventSource(jobQueues.functionFailures, { ...take, maxConcurrency: forFunctionFailures }));
    // What ends a placed job takes its lease away.
    this.function.allow('KeepJobs', changeJobs, [table.tableArn]);
    this.function.allow('SendHints', ['sqs:SendMessage'], hintsOfPlaced(jobQueues));
  }
}
