/**
 * The queues of the job service: hints between its functions, and what becomes of tasks. A hint waits by visibility as the
 * others do (`hint-queues.ts`); a report or a failed invocation that cannot be handled comes back a thousand times before
 * it is given up, as nothing else tells of that task but its deadline.
 */
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { HintQueues } from '../hint-queues.ts';

/** What the functions behind the queues may take, in seconds. */
export const jobTimeouts = {
  progress: 30,
  dispatcher: 60,
  notifier: 60,
  intake: 900,
  results: 900,
  // All hints of it wait while a batch is out: what one that hangs or dies costs everybody is little more than this.
  scheduler: 30,
  validator: 120,
} as const;

export class JobQueues extends Construct {
  /** What became of tasks: from consumers. */
  readonly reports: Queue;
  /** On-failure destination of users' functions, whose own roles send to it: no queue policy takes part within an account. */
  readonly functionFailures: Queue;
  readonly dispatch: Queue;
  readonly intake: Queue;
  readonly results: Queue;
  readonly events: Queue;
  /** Jobs whose inputs are to be looked at before they wait for a pool. */
  readonly validation: Queue;
  /** FIFO, of one message group: one scheduler looks at a time. */
  readonly placing: Queue;

  constructor(scope: Construct, id: string, queues: HintQueues) {
    super(scope, id);
    // As for the hints, no mapping's maximum exceeds its share of the reservation: beyond its function's timeout, a message
    // need only stay hidden while the answer is on its way.
    const queue = (queueId: string, functionSeconds: number) => queues.hintQueue(queueId, functionSeconds + 60, this);
    this.reports = queue('Reports', jobTimeouts.progress);
    this.functionFailures = queue('FunctionFailures', jobTimeouts.progress);
    this.dispatch = queue('Dispatch', jobTimeouts.dispatcher);
    this.intake = queue('Intake', jobTimeouts.intake);
    this.results = queue('Results', jobTimeouts.results);
    this.events = queue('Events', jobTimeouts.notifier);
    this.validation = queue('Validation', jobTimeouts.validator);
    // AWS asks for at least the function's timeout, and for six times as much only where batches are throttled: of one message
    // group one is out at a time, and a batch that comes back early would only find the function taken.
    this.placing = queues.fifoHintQueue('Placing', jobTimeouts.scheduler + 10, this);
  }
}

/** Whoever takes a placed job a step further tells of it and has the scheduler go on: at once, or when it is due (by the dispatcher). */
export const hintsOfPlaced = ({ dispatch, events, placing }: JobQueues) => [dispatch, events, placing].map(({ queueArn }) => queueArn);
