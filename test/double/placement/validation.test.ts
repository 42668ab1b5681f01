/** Jobs are looked at before they take a place: inputs that are as they must be, others, and a validator of the stage's own. */
import type { SQSEvent } from 'aws-lambda';
import { describe, expect, it } from 'vitest';
import { createJobServices } from '../../../lambdas/aws/jobs/job-services.ts';
import { type ValidatorLambda, validatorFunction } from '../../../lambdas/aws/jobs/validator-function.ts';
import type { JobInput } from '../../../lambdas/contract/placement.ts';
import type { StageSettingsInput } from '../../../lambdas/contract/settings.ts';
import type { ValidatorRequest } from '../../../lambdas/contract/validator.ts';
import { createValidator } from '../../../lambdas/job-validator/validator.ts';
import { AwsError } from '../aws/errors.ts';
import type { Queue } from '../aws/queue.ts';
import { QueuePoller, RunningFunction } from '../platform.ts';
import { PlacementStage } from './placement-stage.ts';

/** What the validator function answers to its nth invocation: any payload, or an error. */
type Answer = (count: number) => { payload: string; error?: string } | Error;

class ValidationStage extends PlacementStage {
  readonly asked: ValidatorRequest[] = [];
  readonly validator: RunningFunction;
  hintsLost = 0;

  constructor(settings: StageSettingsInput = {}, answer?: Answer) {
    super({ settings });
    for (const bucket of ['incoming', 'elsewhere']) this.aws.s3.createBucket(bucket);
    this.validator = new RunningFunction(this.aws, {
      name: 'job-validator',
      timeoutSeconds: 120,
      reserved: 2,
      coldStart: ({ clients, process }) => {
        const line =
          (level: string) =>
          (message: string, fields = {}) =>
            void this.logged.push({ level, message, fields });
        const log = { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') };
        const parts = { clients, clock: process.clock, random: this.aws.random, newId: () => 'id', log };
        const services = createJobServices({ environment: this.resources.environment, ...parts });
        const askValidator = answer && validatorFunction(this.#played(answer), 'looks-at-jobs');
        const validate = createValidator({ ...services, askValidator });
        return (event) => validate(event as SQSEvent);
      },
    });
    const queue = this.aws.sqs.find('validation') as Queue;
    const disturb = () => (this.hintsLost-- > 0 ? ('lose' as const) : ('deliver' as const));
    new QueuePoller(this.aws, { queue, target: this.validator, batchSize: 1, maximumConcurrency: 2, disturb });
  }

  put = (key: string, bytes: number, bucket = 'incoming') => this.aws.s3.put(bucket, key, 'x'.repeat(bytes));

  /** The id of a job with these inputs, after it was looked at. */
  async looked(inputs: JobInput[], seconds = 30): Promise<string> {
    await this.pool('west', { maxJobs: 5, workMs: () => 600_000 });
    const job = await this.submit({ inputs, customer: 'acme', needs: { labels: {} } }, { validates: true });
    await this.pass(seconds);
    return job;
  }

  /** It has failed, and never had a place. */
  expectRefused(job: string, errorClass: string, message: string): void {
    const { status, placed, failure } = this.row(job);
    expect({ status, fence: placed?.fence, unchecked: placed?.unchecked }).toEqual({ status: 'FAILED', fence: 0, unchecked: true });
    expect(failure).toContain(message);
    expect(this.watch.started).toEqual([]);
    expect(this.leftOver()).toEqual([]);
    expect(this.logged.filter(({ message: said }) => said === 'placed job changed').at(-1)?.fields).toMatchObject({
      job,
      status: 'FAILED',
    });
    expect(this.errorClass(job)).toBe(errorClass);
  }

  errorClass = (job: string) =>
    this.aws.dynamodb
      .table('jobs')
      .items()
      .map((item) => item['error'] as { class: string } | undefined)
      .find((error) => error !== undefined && this.jobs.includes(job))?.class;

  #played(answer: Answer): ValidatorLambda {
    const send = async ({ input }: { input: { Payload: Uint8Array } }) => {
      this.asked.push(JSON.parse(Buffer.from(input.Payload).toString()) as ValidatorRequest);
      const given = answer(this.asked.length);
      if (given instanceof Error) throw given;
      return { Payload: Buffer.from(given.payload), ...(given.error === undefined ? {} : { FunctionError: given.error }) };
    };
    // The SDK's `send` is overloaded by command.
    return { send } as unknown as ValidatorLambda;
  }
}

const input = (key: string, more: Partial<JobInput> = {}): JobInput => ({ bucket: 'incoming', key, ...more });
const says = (answer: object) => ({ payload: JSON.stringify(answer) });

describe('inputs', () => {
  it('that are there are sized, their region told, and the job starts', async () => {
    const stage = new ValidationStage({ maxInputBytes: 10 });
    const { versionId } = stage.put('a', 7);
    stage.put('a', 10);
    stage.put('b', 0, 'elsewhere');
    const inputs = [input('a'), input('a', { versionId }), input('b', { bucket: 'elsewhere', region: 'us-west-2' })];
    const job = await stage.looked(inputs);
    const { status, placed } = stage.row(job);
    expect(status).toBe('RUNNING');
    expect(placed?.inputs).toEqual([
      { ...inputs[0], bytes: 10, region: 'eu-central-1' },
      { ...inputs[1], bytes: 7, region: 'eu-central-1' },
      { ...inputs[2], bytes: 0 },
    ]);
    expect(stage.watch.told.map(({ state }) => state)).toEqual(['validating', 'waiting', 'started']);
  });

  it.each<[string, JobInput[], string, string]>([
    ['one that is missing', [input('a'), input('none')], 'DATA', '1 of 2 inputs cannot be used: s3://incoming/none does not exist'],
    ['one that is too large', [input('a'), input('large')], 'DATA', 's3://incoming/large has 11 bytes, at most 10 may be'],
    ['a version that is missing', [input('a', { versionId: 'v9' })], 'DATA', 's3://incoming/a (version v9) does not exist'],
    ['many', ['1', '2', '3', '4', '5'].map((key) => input(key)), 'DATA', 's3://incoming/3 does not exist; and 2 more'],
    ['one that may not be read', [input('none'), input('secret')], 'CONFIGURATION', 's3://incoming/secret may not be read by this stage'],
  ])('fail the job where they are not as they must be: %s', async (_what, inputs, errorClass, message) => {
    const stage = new ValidationStage({ maxInputBytes: 10 });
    stage.put('a', 7);
    stage.put('large', 11);
    const isSecret = ({ operation, input: { Key } }: { operation: string; input: Readonly<Record<string, unknown>> }) =>
      operation === 'HeadObject' && Key === 'secret';
    stage.aws.log.plant({ fits: isSecret, nth: 1, when: 'before', effect: new AwsError('Forbidden', 'UnknownError', 403) });
    const job = await stage.looked(inputs);
    stage.expectRefused(job, errorClass, message);
    expect(stage.row(job).placed?.findings?.[0]).toContain('s3://incoming/');
  });

  it('are asked for again while S3 does not answer', async () => {
    const stage = new ValidationStage();
    stage.put('a', 7);
    const isHead = ({ operation }: { operation: string }) => operation === 'HeadObject';
    for (let nth = 1; nth <= 7; nth += 1)
      stage.aws.log.plant({ fits: isHead, nth, when: 'before', effect: new AwsError('ServiceUnavailable', 'down', 503) });
    const job = await stage.looked([input('a')], 3);
    expect(stage.row(job).placed?.step).toBe('validating');
    await stage.pass(60);
    expect(stage.row(job).status).toBe('RUNNING');
  });

  it('are looked at though the hint was lost', async () => {
    const stage = new ValidationStage();
    stage.put('a', 7);
    stage.hintsLost = 1;
    const job = await stage.looked([input('a')]);
    expect(stage.row(job).placed?.step).toBe('validating');
    await stage.pass(120);
    expect(stage.row(job).status).toBe('RUNNING');
  });

  it('are not looked at where the stage has that switched off', async () => {
    const stage = new ValidationStage({ validateJobs: false });
    const job = await stage.looked([input('none')]);
    expect(stage.row(job).status).toBe('RUNNING');
  });

  it('are looked at once, whatever comes twice, and by whoever dies over it', async () => {
    const stage = new ValidationStage();
    stage.put('a', 7);
    const isOurs = ({ caller, service }: { caller: string; service: string }) =>
      caller.startsWith('job-validator') && service === 'dynamodb';
    stage.aws.log.plant({ fits: isOurs, nth: 4, when: 'after', effect: 'crash' });
    const job = await stage.looked([input('a')], 0);
    await stage.wait(stage.services.hints.validation(job));
    await stage.pass(300);
    expect(stage.row(job).status).toBe('RUNNING');
    expect(stage.watch.told.map(({ state }) => state)).toEqual(['validating', 'waiting', 'started']);
  });
});

describe('the validator of the stage', () => {
  it('is handed the job, and lets it through with what it has to say', async () => {
    const stage = new ValidationStage({}, () => says({ ok: true, findings: ['a little old'] }));
    stage.put('a', 7);
    const job = await stage.looked([input('a')]);
    const inputs = [{ ...input('a'), bytes: 7, region: 'eu-central-1' }];
    expect(stage.asked).toEqual([{ v: 1, job, customer: 'acme', body: { job }, needs: { labels: {} }, inputs }]);
    expect(stage.row(job)).toMatchObject({ status: 'RUNNING', placed: { findings: ['a little old'] } });
  });

  it('refuses the job, which has its findings', async () => {
    const stage = new ValidationStage({}, () => says({ ok: false, findings: ['no mesh', 'no solver'] }));
    const job = await stage.looked([]);
    stage.expectRefused(job, 'DATA', 'the validator refuses it: no mesh; no solver');
    expect(stage.row(job).placed?.findings).toEqual(['no mesh', 'no solver']);
  });

  it('is not asked about a job whose inputs are bad', async () => {
    const stage = new ValidationStage({}, () => says({ ok: true }));
    stage.expectRefused(await stage.looked([input('none')]), 'DATA', 'does not exist');
    expect(stage.asked).toEqual([]);
  });

  it('is asked again where it fails, and the job goes on', async () => {
    const stage = new ValidationStage({}, (count) => (count < 3 ? new Error('no answer in 60 s') : says({ ok: true })));
    const job = await stage.looked([], 60);
    expect(stage.asked).toHaveLength(3);
    expect(stage.row(job).status).toBe('RUNNING');
  });

  it.each<[string, ReturnType<Answer>, string]>([
    ['does not answer', new Error('no answer in 60 s'), 'no answer in 60 s'],
    ['throws', { payload: '{"errorMessage":"boom"}', error: 'Unhandled' }, 'Unhandled {"errorMessage":"boom"}'],
    ['answers something else', says({ valid: true }), 'answered something else than {"ok": …, "findings": […]}: ok'],
    ['answers no JSON', { payload: 'fine' }, 'answered something else'],
  ])('that %s is asked four times, and then it is the stage that is wrong', async (_what, answer, message) => {
    const stage = new ValidationStage({}, () => answer);
    const job = await stage.looked([], 120);
    expect(stage.asked).toHaveLength(4);
    stage.expectRefused(job, 'CONFIGURATION', message);
  });
});
