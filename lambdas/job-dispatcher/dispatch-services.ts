/** What the dispatcher has besides: clients that send tasks, and where functions tell their results. */

import type { Clients } from '../aws/clients.ts';
import { dispatchClients } from '../aws/jobs/dispatch-clients.ts';
import { type JobServices, jobColdStart } from '../aws/jobs/job-services.ts';
import { DispatcherEnvironment } from '../contract/env.ts';
import { parseEnvironment } from '../framework/environment.ts';
import { keepHeapSmall } from '../framework/small-heap.ts';

export interface DispatchServices extends JobServices {
  sending: Pick<Clients, 'sqs' | 'lambda'>;
  /** Base of the API's URLs, without a slash at its end. */
  apiUrl: string;
}

export function dispatchColdStart(): DispatchServices {
  keepHeapSmall();
  const services = jobColdStart('job-dispatcher');
  const { SLUICE_API_URL } = parseEnvironment(DispatcherEnvironment);
  return { ...services, sending: dispatchClients(services.stage.settings.maxConcurrentSends), apiUrl: SLUICE_API_URL.replace(/\/+$/, '') };
}
