/**
 * A function of ours: how it is bundled, what it logs, what it may run at once. Grants nothing but its own log; each
 * capability adds what its function needs.
 */
import { fileURLToPath } from 'node:url';
import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { ApplicationLogLevel, Architecture, LoggingFormat, type RecursiveLoop, Runtime, SystemLogLevel } from 'aws-cdk-lib/aws-lambda';
import { LogLevel, NodejsFunction, OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { type OwnFunction as OwnFunctionName, ownReservations, type StageSettings } from '../../lambdas/contract/settings.ts';
import { checkEnvironmentSize } from './environment-size.ts';
import { type GrantOptions, grant } from './grant.ts';

const inProject = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));

export interface OwnFunctionProps {
  /** Folder under `lambdas/` whose `handler.ts` exports `handler`. */
  folder: string;
  reservation: OwnFunctionName;
  description: string;
  timeoutSeconds: number;
  memoryMiB?: number;
  settings: StageSettings;
  environment: Record<string, string>;
  recursiveLoop?: RecursiveLoop;
}

export class OwnFunction extends NodejsFunction {
  private readonly ownRole: Role;

  constructor(scope: Construct, id: string, props: OwnFunctionProps) {
    const { settings } = props;
    const environment = { ...props.environment, NODE_OPTIONS: '--enable-source-maps' };
    const logGroup = new LogGroup(scope, `${id}Log`, { retention: settings.logRetentionDays, removalPolicy: RemovalPolicy.DESTROY });
    // A role without AWSLambdaBasicExecutionRole, which may write to every log group of the account.
    const role = new Role(scope, `${id}Role`, { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    logGroup.grantWrite(role);
    super(scope, id, {
      description: props.description,
      entry: inProject(`lambdas/${props.folder}/handler.ts`),
      projectRoot: inProject('.'),
      depsLockFilePath: inProject('package-lock.json'),
      role,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      timeout: Duration.seconds(props.timeoutSeconds),
      memorySize: props.memoryMiB ?? 256,
      ...(settings.reserveOwnConcurrency ? { reservedConcurrentExecutions: ownReservations(settings)[props.reservation] } : {}),
      environment,
      logGroup,
      loggingFormat: LoggingFormat.JSON,
      applicationLogLevelV2: ApplicationLogLevel[settings.logLevel],
      systemLogLevelV2: SystemLogLevel.WARN,
      ...(props.recursiveLoop === undefined ? {} : { recursiveLoop: props.recursiveLoop }),
      bundling,
    });
    this.ownRole = role;
    checkEnvironmentSize(this, environment);
  }

  /** One statement for one purpose, named after it. */
  allow(sid: string, actions: string[], resources: string[], options: GrantOptions = {}): void {
    grant(this.ownRole, sid, actions, resources, options);
  }
}

/** Everything bundled, the SDK too: the one in the runtime changes under our feet, and is too old for code by reference. */
const bundling = {
  format: OutputFormat.ESM,
  externalModules: [],
  bundleAwsSDK: true,
  target: 'node24',
  mainFields: ['module', 'main'],
  minify: true,
  keepNames: true,
  sourceMap: true,
  sourcesContent: false,
  logLevel: LogLevel.WARNING,
  // Bundled CommonJS packages call `require`, which an ES module has not.
  banner: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
};
