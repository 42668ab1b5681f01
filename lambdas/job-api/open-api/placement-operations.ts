/** The routes of jobs that state needs, of their leases and of the limits in the OpenAPI document. */
import { z } from 'zod';
import * as api from '../../contract/job-api.ts';
import type { JobOperation } from '../../contract/job-routes.ts';
import * as lease from '../../contract/lease-api.ts';
import { ReportedCapacity } from '../../contract/placement.ts';
import { jsonOf, looked, ofJob } from './job-operations.ts';
import { type Described, ok, responses, withBody } from './responses.ts';

const pools = ['pools'];
const leases = ['leases'];
const withToken = 'For whoever works for the job, with the token of its lease; needs no rights of AWS.';
const lost = '409: the lease is over, and whatever is done for the job must stop.';
const query = api.NoQuery;

export const placementOperations = {
  changeJob: {
    tags: pools,
    summary: 'Change priority, retries or affinity of a job while it waits',
    requestParams: { path: ofJob, query },
    requestBody: jsonOf(lease.JobChange),
    responses: responses({ '200': looked }, withBody(409)),
  },
  explainJob: {
    tags: pools,
    summary: 'Why a job waits, or why it is where it is',
    requestParams: { path: ofJob, query },
    responses: responses({ '200': ok('Each limit with its figures, its place in the order, when it starts', lease.Explanation) }),
  },
  releaseJob: {
    tags: pools,
    summary: 'Take a job off its pool: its lease ends, and it is placed anew; no attempt is counted',
    requestParams: { path: ofJob, query },
    responses: responses({ '200': looked }, [409]),
  },
  heartbeat: {
    tags: leases,
    summary: 'I am alive: the lease lasts on',
    description: `${withToken} Due each third of \`leaseSeconds\`. ${lost}`,
    requestParams: { path: ofJob, query },
    requestBody: { ...jsonOf(lease.Heartbeat), required: false },
    responses: responses({ '200': ok('The lease is yours', lease.LeaseAnswer) }, withBody(401, 409)),
  },
  getStep: {
    tags: leases,
    summary: 'What a step came to, for whoever resumes; 404: it is to be done',
    description: `${withToken} ${lost}`,
    requestParams: { path: ofJob.extend({ name: api.StepName }), query },
    responses: responses({ '200': ok('It is on record', lease.RecordedStep) }, [401, 409]),
  },
  recordStep: {
    tags: leases,
    summary: 'A step is done: a later attempt gets its result instead of running it again',
    description: `${withToken} It counts as a heartbeat. ${lost}`,
    requestParams: { path: ofJob.extend({ name: api.StepName }), query },
    requestBody: { ...jsonOf(lease.StepDone), required: false },
    responses: responses({ '200': ok('It is recorded', lease.LeaseAnswer) }, withBody(401, 409)),
  },
  recordResult: {
    tags: leases,
    summary: 'The job is done',
    description: `${withToken} Again with the same lease: the same answer. ${lost}`,
    requestParams: { path: ofJob, query },
    requestBody: { ...jsonOf(lease.JobResult), required: false },
    responses: responses({ '200': ok('It is recorded', lease.LeaseAnswer) }, withBody(401, 409)),
  },
  recordFailure: {
    tags: leases,
    summary: 'The attempt failed',
    description: `${withToken} The answer says whether it is tried again, and when. ${lost}`,
    requestParams: { path: ofJob, query },
    requestBody: jsonOf(lease.JobFailure),
    responses: responses({ '200': ok('It is recorded', lease.FailureAnswer) }, withBody(401, 409)),
  },
  getLimits: {
    tags: pools,
    summary: 'Limits over all pools, and of each customer that has such of its own',
    requestParams: { query },
    responses: responses({ '200': ok('As they are in the config table, defaults filled in', lease.Limits) }),
  },
  putLimits: {
    tags: pools,
    summary: 'Change limits: what is named is replaced, a customer of null has none of its own any more',
    description: 'Written to the config table, as items `*limits` and `*limits/<customer>`; they act at once.',
    requestParams: { query },
    requestBody: jsonOf(lease.Limits),
    responses: responses({ '200': ok('As they are now', lease.Limits) }, withBody()),
  },
  reportCapacity: {
    tags: pools,
    summary: 'What a pool can take at present: the smaller of this and its config item counts',
    description: 'A group with `/` in its name cannot be named in a path.',
    requestParams: { path: z.object({ group: z.string().min(1).max(255) }), query },
    requestBody: jsonOf(ReportedCapacity),
    responses: responses({ '200': ok('What counts now', lease.PoolCapacity) }, withBody()),
  },
} satisfies Partial<Record<JobOperation, Described>>;
