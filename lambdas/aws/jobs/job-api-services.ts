/** What the API works with besides what every function of the job service has. */
import { JobApiEnvironment } from '../../contract/env.ts';
import type { SettingSources } from '../../contract/setting-facts.ts';
import { parseEnvironment } from '../../framework/environment.ts';
import { type JobServices, jobColdStart } from './job-services.ts';
import { type SignedLinks, signedLinks, signingClient } from './signed-links.ts';
import { type WaitFunction, waitFunction, waitLambda } from './wait-function.ts';

export interface JobApiServices extends JobServices {
  waits: WaitFunction;
  links: SignedLinks;
  settingSources: SettingSources;
}

export function jobApiColdStart(service: string): JobApiServices {
  const environment = parseEnvironment(JobApiEnvironment);
  const services = jobColdStart(service);
  return {
    ...services,
    waits: waitFunction(waitLambda(), environment.SLUICE_WAIT_FUNCTION_NAME, services.log),
    links: signedLinks(signingClient(), environment.SLUICE_DATA_BUCKET),
    settingSources: environment.SLUICE_SETTING_SOURCES,
  };
}
