/**
 * A double of the AWS account that enforces AWS's rules in virtual time, behind the SDK's `send`.
 * Start here: `new AwsDouble()`, make tables, buckets and queues, and hand `caller(name)`'s clients to the code under test.
 * What runs by itself on AWS (streams, mappings, schedules) is `test/double/platform.ts`.
 */
import type { Clients } from '../../../lambdas/aws/clients.ts';
import { VirtualClock } from '../virtual-clock.ts';
import { Caller } from './caller.ts';
import { CallLog } from './calls.ts';
import { DynamoDouble } from './dynamodb.ts';
import { LambdaDouble } from './lambda.ts';
import { type Random, seededRandom } from './random.ts';
import { S3Double } from './s3.ts';
import { Service } from './service.ts';
import { type DoubleSettings, doubleSettings, type SettingsChange } from './settings.ts';
import { SqsDouble } from './sqs.ts';

export interface DoubleCaller {
  process: Caller;
  clients: Clients;
}

export class AwsDouble {
  readonly clock: VirtualClock;
  readonly settings: DoubleSettings;
  readonly random: Random;
  readonly log = new CallLog();
  readonly s3: S3Double;
  readonly sqs: SqsDouble;
  readonly lambda: LambdaDouble;
  readonly dynamodb: DynamoDouble;
  readonly #services: Record<keyof Clients, Service>;

  constructor(change: SettingsChange = {}, clock = new VirtualClock()) {
    this.clock = clock;
    this.settings = doubleSettings(change);
    this.random = seededRandom(this.settings.seed);
    this.s3 = new S3Double(clock);
    this.sqs = new SqsDouble(clock, this.settings);
    this.lambda = new LambdaDouble(clock, this.settings, this.random, this);
    this.dynamodb = new DynamoDouble(clock, this.settings, this.random);
    const shared = {
      clock,
      log: this.log,
      random: this.random,
      latencyMs: this.settings.latencyMs,
      sdkAttempts: this.settings.sdkAttempts,
    };
    this.#services = {
      lambda: new Service({
        ...shared,
        name: 'lambda',
        operations: this.lambda.operations,
        throttle: (operation) => this.lambda.throttle(operation),
      }),
      sqs: new Service({ ...shared, name: 'sqs', operations: this.sqs.operations, throttle: (operation) => this.sqs.throttle(operation) }),
      s3: new Service({ ...shared, name: 's3', operations: this.s3.operations }),
      documents: new Service({ ...shared, name: 'dynamodb', operations: this.dynamodb.operations }),
    };
  }

  /** A process with clients of its own; killing it ends it, whatever it waits for. */
  caller(name: string): DoubleCaller {
    const process = new Caller(name, this.clock);
    return { process, clients: this.clientsOf(process) };
  }

  /** `sdkAttempts`: tries of these clients, where they differ from the others'. */
  clientsOf(process: Caller, sdkAttempts?: number): Clients {
    const client = (service: keyof Clients) => this.#services[service].clientFor(process, sdkAttempts);
    // `send` is overloaded by command in the SDK's types; the double answers each command with that command's shape.
    return {
      lambda: client('lambda'),
      sqs: client('sqs'),
      s3: client('s3'),
      documents: client('documents'),
    } as unknown as Clients;
  }
}
