/** Starts jobs and sends their tasks: to the queues of their groups, or to the functions that the stage lists. */
import { RecursiveLoop } from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { Construct } from 'constructs';
import { jobsPrefix } from '../../../lambdas/contract/data-bucket.ts';
import { ownReservations } from '../../../lambdas/contract/settings.ts';
import { OwnFunction } from '../own-function.ts';
import { pipelineArns } from '../pipeline-arns.ts';
import { atRunTime } from '../shared-grants.ts';
import { functionArns } from './function-arns.ts';
import { changeJobs, holdLeases, perJob } from './job-grants.ts';
import { apiAddress, type JobParts, jobEnvironment } from './job-parts.ts';
import { jobTimeouts } from './job-queues.ts';

export class JobDispatcher extends Construct {
  readonly function: OwnFunction;

  /** @param apiUrl where the functions of jobs find the API, unless the stage says otherwise. */
  constructor(scope: Construct, id: string, parts: JobParts, apiUrl: string) {
    super(scope, id);
    const { settings, jobQueues } = parts;
    this.function = new OwnFunction(this, 'Function', {
      folder: 'job-dispatcher',
      reservation: 'jobDispatcher',
      description: 'Starts jobs and sends their tasks',
      timeoutSeconds: jobTimeouts.dispatcher,
      memoryMiB: 512,
      settings,
      environment: { ...jobEnvironment(parts), ...apiAddress(settings, apiUrl) },
      // A job that starts has its target looked at, one that ends lets the next start, both by hints that come back here:
      // Lambda would stop a row of short jobs after 16 rounds and drop the hint. It ends with the jobs that are stored, each
      // of which starts and ends once.
      recursiveLoop: RecursiveLoop.ALLOW,
    });
    const maxConcurrency = ownReservations(settings).jobDispatcher;
    this.function.addEventSource(new SqsEventSource(jobQueues.dispatch, { batchSize: 10, maxConcurrency, reportBatchItemFailures: true }));
    this.allowSending(parts);
    this.allowData(parts);
  }

  private allowSending({ settings, jobQueues }: JobParts): void {
    const { queues } = pipelineArns(this, settings.prefix);
    this.function.allow('SendTasks', ['sqs:SendMessage'], [queues], atRunTime);
    const { functions: listed, defaultFunction } = settings;
    const functions = functionArns(this, [...listed, ...(defaultFunction === undefined ? [] : [defaultFunction])]);
    if (functions.length > 0) this.function.allow('InvokeFunctions', ['lambda:InvokeFunction'], functions);
    const { dispatch, events, placing } = jobQueues;
    this.function.allow(
      'SendHints',
      ['sqs:SendMessage'],
      [dispatch, events, placing].map(({ queueArn }) => queueArn),
    );
  }

  private allowData({ table, config, state, data }: JobParts): void {
    this.function.allow('KeepJobs', [...changeJobs, 'dynamodb:BatchWriteItem'], [table.tableArn]);
    this.function.allow('SendAlone', holdLeases, [state.control.tableArn]);
    this.function.allow('KnowTargets', ['dynamodb:GetItem'], [config.tableArn, state.pipelines.tableArn]);
    // Without it S3 answers "access denied" for a file that is gone, and its job could not be told so.
    this.function.allow('TellMissingFiles', ['s3:ListBucket'], [data.bucket.bucketArn]);
    this.function.allow('ReadTaskFiles', ['s3:GetObject'], [data.bucket.arnForObjects(`${jobsPrefix}*`)], perJob);
  }
}
