/** What the scheduler has besides: a client that sends tasks, and where whoever works for a job finds the API. */
import type { Clients } from '../aws/clients.ts';
import { dispatchClients } from '../aws/jobs/dispatch-clients.ts';
import { type JobServices, jobColdStart } from '../aws/jobs/job-services.ts';
import { DispatcherEnvironment } from '../contract/env.ts';
import { parseEnvironment } from '../framework/environment.ts';

export interface SchedulerServices extends JobServices {
  sending: Pick<Clients, 'sqs'>;
  /** Base of the API's URLs, without a slash at its end. */
  apiUrl: string;
  /** To the log as it is: metrics. */
  writeLine: (line: string) => void;
}

/** Sends of tasks at once. */
export const sendsAtOnce = 10;

export function schedulerColdStart(): SchedulerServices {
  const services = jobColdStart('pool-scheduler');
  const { SLUICE_API_URL } = parseEnvironment(DispatcherEnvironment);
  return { ...services, sending: dispatchClients(sendsAtOnce), apiUrl: SLUICE_API_URL.replace(/\/+$/, ''), writeLine };
}

/** Not by the console, which Lambda wraps in JSON of its own. */
const writeLine = (line: string) => void process.stdout.write(line);
