/** Asks the function that waits for a job's end. Its reserved concurrency is the cap: above it AWS refuses, and nobody waits. */
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import type { Job } from '../../contract/job.ts';
import { WaitAnswer, type WaitRequest } from '../../contract/job-api.ts';
import { errorFields, type Log } from '../../framework/log.ts';

export type WaitLambda = Pick<LambdaClient, 'send'>;

/** One try, and patience: others' clients give up earlier and ask again. */
export const waitLambda = (): WaitLambda =>
  new LambdaClient({ maxAttempts: 1, requestHandler: { connectionTimeout: 2_000, requestTimeout: 29_000, throwOnRequestTimeout: true } });

export function waitFunction(lambda: WaitLambda, FunctionName: string, log: Log) {
  return {
    /** The job as it is when it has ended or the time is over; undefined where nobody could wait. */
    async wait(request: WaitRequest): Promise<Job | undefined> {
      try {
        const { Payload, FunctionError } = await lambda.send(
          new InvokeCommand({ FunctionName, InvocationType: 'RequestResponse', Payload: Buffer.from(JSON.stringify(request)) }),
        );
        const text = Payload === undefined ? '' : Buffer.from(Payload).toString();
        if (FunctionError !== undefined) throw new Error(`${FunctionName}: ${FunctionError} ${text.slice(0, 300)}`);
        return WaitAnswer.parse(JSON.parse(text)).job;
      } catch (error) {
        // The job is stored, and whoever asked is answered without the wait.
        const full = error instanceof Error && error.name === 'TooManyRequestsException';
        log[full ? 'info' : 'warn']('nobody waits for a job', { job: request.job, ...(full ? { full } : errorFields(error)) });
        return undefined;
      }
    },
  };
}
export type WaitFunction = ReturnType<typeof waitFunction>;
