/** Hints → pipelines: the one function that makes, changes and removes them. What it may call is in `reconciler-permissions.ts`. */
import { RecursiveLoop } from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { OwnFunction } from './own-function.ts';
import { allowReconciling } from './reconciler-permissions.ts';
import { type StageParts, sharedEnvironment } from './stage-parts.ts';

export class PipelineReconciler extends Construct {
  readonly function: OwnFunction;

  constructor(scope: Construct, id: string, parts: StageParts) {
    super(scope, id);
    const { settings, queues } = parts;
    this.function = new OwnFunction(this, 'Function', {
      folder: 'pipeline-reconciler',
      reservation: 'pipelineReconciler',
      description: 'Brings pipelines to what their config items say',
      timeoutSeconds: 60,
      memoryMiB: 512,
      settings,
      environment: sharedEnvironment(parts),
      // A reconcile may send hints that come back to it (the group that waits for room, the rollout's next step). Lambda
      // would stop that after 16 rounds and drop the message; our own limit is `maxHops`, after which the sweep takes over.
      recursiveLoop: RecursiveLoop.ALLOW,
    });
    allowReconciling(this.function, parts);
    // A queue per class and a share of the concurrency for each: a rollout of thousands never keeps a change waiting.
    this.takeHints(queues.changes, settings.reconcilers.changes);
    this.takeHints(queues.rollouts, settings.reconcilers.rollouts);
    this.takeHints(queues.sweeps, settings.reconcilers.sweeps);
  }

  private takeHints(queue: Queue, maxConcurrency: number): void {
    this.function.addEventSource(new SqsEventSource(queue, { batchSize: 10, maxConcurrency, reportBatchItemFailures: true }));
  }
}
