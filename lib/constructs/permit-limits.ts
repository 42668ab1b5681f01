/**
 * The setting `permits` → the tasks table. A custom resource of the stack, so that a deploy that could not write them says
 * so and is rolled back; it changes nothing else, and no consumer.
 */
import { CustomResource, Duration } from 'aws-cdk-lib';
import { SqsDestination } from 'aws-cdk-lib/aws-lambda-destinations';
import { Construct } from 'constructs';
import { OwnFunction } from './own-function.ts';
import { type StageParts, sharedEnvironment } from './stage-parts.ts';

/** Three tries of the function and Lambda's pauses between them (LDG/invocation-async-error-handling). */
const longestWait = Duration.minutes(10);

export class PermitLimits extends Construct {
  readonly function: OwnFunction;

  constructor(scope: Construct, id: string, parts: StageParts) {
    super(scope, id);
    const { settings, state, queues } = parts;
    this.function = new OwnFunction(this, 'Function', {
      folder: 'permit-limits',
      reservation: 'permitLimits',
      description: 'Tells consumers how many may hold each permit',
      timeoutSeconds: 60,
      settings,
      environment: sharedEnvironment(parts),
    });
    this.function.allow('SetLimits', ['dynamodb:UpdateItem'], [state.tasks.tableArn]);
    // Unseen, a failure here would leave CloudFormation waiting.
    this.function.configureAsyncInvoke({ retryAttempts: 2, onFailure: new SqsDestination(queues.failures) });

    const permits = new CustomResource(this, 'Permits', {
      resourceType: 'Custom::SluicePermits',
      serviceToken: this.function.functionArn,
      serviceTimeout: longestWait,
      // A list, as a permit may be called `Ref`, and CloudFormation would read a map with that key its own way.
      properties: { Permits: Object.entries(settings.permits).map(([Name, Limit]) => ({ Name, Limit })) },
    });
    permits.node.addDependency(this.function);
  }
}
