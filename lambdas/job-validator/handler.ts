/** SQS → a job's inputs are looked at, and its stage's own validator asked, before it may take a place. */
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { jobColdStart } from '../aws/jobs/job-services.ts';
import { validatorFunction, validatorLambda } from '../aws/jobs/validator-function.ts';
import { createValidator } from './validator.ts';

const services = jobColdStart('job-validator');
const { validatorFunction: reference } = services.stage.settings;
const validate = createValidator({
  ...services,
  askValidator: reference === undefined ? undefined : validatorFunction(validatorLambda(), reference),
});

export const handler = (event: SQSEvent): Promise<SQSBatchResponse> => validate(event);
