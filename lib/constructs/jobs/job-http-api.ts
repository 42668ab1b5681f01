/** The HTTP API: every route of the contract, each for IAM principals alone but those that whoever works for a job posts to. */
import { RemovalPolicy, Validations } from 'aws-cdk-lib';
import { AccessLogFormat } from 'aws-cdk-lib/aws-apigateway';
import { HttpApi, HttpMethod, HttpNoneAuthorizer, HttpStage, LogGroupLogDestination } from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpIamAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { type JobRoute, jobRoutes } from '../../../lambdas/contract/job-routes.ts';
import { ownReservations, type StageSettings } from '../../../lambdas/contract/settings.ts';
import type { OwnFunction } from '../own-function.ts';

/** Requests a second for each that may run at once: most take less than a tenth of a second. */
const requestsPerSecondEach = 10;

/** Whom a request came from, what it was and what came of it; neither bodies nor tokens. */
const accessLog = JSON.stringify({
  requestId: '$context.requestId',
  time: '$context.requestTime',
  ip: '$context.identity.sourceIp',
  caller: '$context.identity.userArn',
  route: '$context.routeKey',
  path: '$context.path',
  status: '$context.status',
  milliseconds: '$context.responseLatency',
  bytes: '$context.responseLength',
  error: '$context.error.message',
  integrationError: '$context.integrationErrorMessage',
});

export class JobHttpApi extends Construct {
  readonly api: HttpApi;

  constructor(scope: Construct, id: string, settings: StageSettings, handler: OwnFunction) {
    super(scope, id);
    this.api = new HttpApi(this, 'Api', {
      apiName: `${settings.prefix}-jobs`,
      description: `Jobs of ${settings.prefix}`,
      createDefaultStage: false,
    });
    this.addStage(settings);
    // One permission for the whole API: one per route would take much of the room a function's policy has.
    const integration = new HttpLambdaIntegration('Function', handler, { scopePermissionToRoute: false });
    for (const route of Object.values(jobRoutes)) this.addRoute(route, integration);
  }

  private addStage(settings: StageSettings): void {
    const mostAtOnce = ownReservations(settings).jobApi;
    new HttpStage(this, 'Stage', {
      httpApi: this.api,
      stageName: '$default',
      autoDeploy: true,
      // What the function cannot run is refused with 429 here, where Lambda's refusal would reach the caller as a 503.
      throttle: { burstLimit: mostAtOnce, rateLimit: requestsPerSecondEach * mostAtOnce },
      accessLogSettings: {
        destination: new LogGroupLogDestination(
          new LogGroup(this, 'AccessLog', { retention: settings.logRetentionDays, removalPolicy: RemovalPolicy.DESTROY }),
        ),
        format: AccessLogFormat.custom(accessLog),
      },
    });
  }

  private addRoute({ method, path, authorization }: JobRoute, integration: HttpLambdaIntegration): void {
    const authorizer = authorization === 'iam' ? new HttpIamAuthorizer() : new HttpNoneAuthorizer();
    const routes = this.api.addRoutes({ path, methods: [HttpMethod[method]], integration, authorizer });
    if (authorization === 'iam') return;
    for (const route of routes) {
      Validations.of(route).acknowledge({
        id: 'AwsSolutions-APIG4',
        reason:
          'The function asks for a token that was made for the one task, or the one lease, that it is about: whoever works on a task needs no rights in this account.',
      });
    }
  }
}
