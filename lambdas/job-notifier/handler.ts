/** SQS → an event to the jobs topics and to its job's webhook. The only function that speaks to hosts of users. */
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { jobColdStart } from '../aws/jobs/job-services.ts';
import { snsClient } from '../aws/jobs/topic.ts';
import { secretsClient } from '../aws/jobs/webhook-secret.ts';
import { NotifierEnvironment } from '../contract/env.ts';
import { parseEnvironment } from '../framework/environment.ts';
import { createNotifier, notifierOf } from './notify.ts';

const services = jobColdStart('job-notifier');
const environment = parseEnvironment(NotifierEnvironment);
const notify = createNotifier(services, notifierOf(services, { sns: snsClient(), secrets: secretsClient(), environment }));

export const handler = (event: SQSEvent): Promise<SQSBatchResponse> => notify(event);
