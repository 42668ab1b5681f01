/** A function of its own for requests that wait for a job's end: what it has reserved is the cap, and no wait takes the API's room. */
import { Construct } from 'constructs';
import { OwnFunction } from '../own-function.ts';
import { readJobs } from './job-grants.ts';
import { type JobParts, jobEnvironment } from './job-parts.ts';

export class JobWait extends Construct {
  readonly function: OwnFunction;

  constructor(scope: Construct, id: string, parts: JobParts) {
    super(scope, id);
    this.function = new OwnFunction(this, 'Function', {
      folder: 'job-wait',
      reservation: 'jobWait',
      description: 'Waits for the end of a job on behalf of a request',
      timeoutSeconds: 29,
      settings: parts.settings,
      environment: jobEnvironment(parts),
    });
    this.function.allow('WatchJobs', readJobs, [parts.table.tableArn]);
  }
}
