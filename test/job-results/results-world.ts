/** The function that writes results, on the double of AWS, fed by its queue in virtual time. */
import type { SQSEvent } from 'aws-lambda';
import { resultsFileKey } from '../../lambdas/contract/data-bucket.ts';
import { resultsKey, resultsName } from '../../lambdas/contract/job-table.ts';
import { createResults, type Sizes, usualSizes } from '../../lambdas/job-results/results.ts';
import { JobStage, jobTables } from '../double/job-stage.ts';
import { QueuePoller, RunningFunction } from '../double/platform.ts';

export interface ResultsOptions {
  sizes?: Sizes;
  /** Of a run, before it hands on; the function keeps a minute back for that. */
  runMs?: number;
}

/** So small that a few dozen tasks take several parts. */
export const smallSizes: Sizes = { partBytes: () => 300, tasksAtOnce: 4 };

export class ResultsWorld {
  readonly stage = new JobStage();
  readonly results: RunningFunction;

  constructor({ sizes = usualSizes, runMs = 840_000 }: ResultsOptions = {}) {
    const { aws } = this.stage;
    aws.s3.uploads.leastPartBytes = Math.min(aws.s3.uploads.leastPartBytes, sizes.partBytes(0));
    this.results = new RunningFunction(aws, {
      name: 'job-results',
      timeoutSeconds: 60 + runMs / 1_000,
      coldStart: (caller) => {
        const write = createResults(this.stage.services(caller), sizes);
        return (given, context) => write(given as SQSEvent, context.getRemainingTimeInMillis());
      },
    });
    const queue = aws.sqs.find('results');
    if (!queue) throw new Error('no queue results');
    new QueuePoller(aws, { queue, target: this.results, batchSize: 1, maximumConcurrency: 2 });
  }

  async hint(only: 'all' | 'failed' = 'all', life = 0): Promise<void> {
    const { hints } = this.stage.services(this.stage.caller('test'));
    await this.stage.aws.clock.until(hints.results({ job: 'job1', life, only }));
  }

  async written(only: 'all' | 'failed' = 'all'): Promise<Record<string, unknown>[]> {
    await this.hint(only);
    await this.stage.aws.clock.run();
    return this.lines(only);
  }

  /** Of the file that the job names; throws where it names none. */
  lines(only: 'all' | 'failed' = 'all', life = 0): Record<string, unknown>[] {
    const key = this.stage.job('job1')?.resultsFiles[resultsName(only, life)];
    if (key !== resultsFileKey('job1', life, only)) throw new Error(`the job names the file ${key}`);
    const text = this.stage.object(key);
    if (text === undefined) throw new Error(`no object ${key}`);
    if (text !== '' && !text.endsWith('\n')) throw new Error('the last line has no end');
    return text
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line));
  }

  /** What is known of its writing. */
  progress(only: 'all' | 'failed' = 'all', life = 0): Record<string, unknown> | undefined {
    return this.stage.aws.dynamodb.read(jobTables.jobs, resultsKey('job1', resultsName(only, life)));
  }

  calls(operation: string): number {
    const { log } = this.stage.aws;
    return log.calls.filter((call) => call.operation === operation && call.caller.startsWith('job-results') && call.outcome === 'ok')
      .length;
  }
}
