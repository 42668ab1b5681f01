/**
 * `cdk destroy` → the pipelines go first. A custom resource that is deleted before everything the pipelines need: it
 * marks the stage as going, has every group removed, and answers CloudFormation when none is left.
 */
import type { CloudFormationCustomResourceEvent, SQSEvent } from 'aws-lambda';
import { coldStart } from '../aws/cold-start.ts';
import { parseEnvironment } from '../framework/environment.ts';
import { CleanerEnvironment, createStackCleaner } from './clean.ts';

const cleaner = createStackCleaner(coldStart('stack-cleaner'), parseEnvironment(CleanerEnvironment).SLUICE_CLEANUPS_QUEUE_URL);

export const handler = (event: CloudFormationCustomResourceEvent | SQSEvent): Promise<unknown> =>
  'Records' in event ? cleaner.watch(event) : cleaner.receive(event);
