/** The HTTP API: exactly the routes of the contract, for IAM principals but a few; throttled and logged. */
import { describe, expect, it } from 'vitest';
import { jobRoutes, routeKeyOf } from '../../lambdas/contract/job-routes.ts';
import { synthesized, theOne } from './synthesized.ts';

const { template, resources } = synthesized({ maxWaits: 30 });
const routes = Object.values(resources).filter(({ Type }) => Type === 'AWS::ApiGatewayV2::Route');
const [handler] = theOne(resources, 'AWS::Lambda::Function', 'JobsApi');
const [api] = theOne(resources, 'AWS::ApiGatewayV2::Api', 'JobsHttp');

describe('the routes', () => {
  it('are those of the contract', () => {
    expect(routes.map(({ Properties }) => Properties['RouteKey']).toSorted()).toEqual(Object.values(jobRoutes).map(routeKeyOf).toSorted());
  });

  it('ask for a signature, but those of whoever works for a job, with a token', () => {
    const open = routes.filter(({ Properties }) => Properties['AuthorizationType'] !== 'AWS_IAM');
    const words = ['POST tasks/{taskId}/result', 'POST heartbeat', 'GET steps/{name}', 'POST steps/{name}', 'POST result', 'POST failure'];
    expect(open.map(({ Properties }) => [Properties['RouteKey'], Properties['AuthorizationType']])).toEqual(
      words.map((word) => [word.replace(' ', ' /jobs/{id}/'), 'NONE']),
    );
  });

  it('all lead to one function, which nobody but this API may call', () => {
    const [integration, { Properties }] = theOne(resources, 'AWS::ApiGatewayV2::Integration', 'JobsHttp');
    expect(Properties).toMatchObject({
      PayloadFormatVersion: '2.0',
      IntegrationType: 'AWS_PROXY',
      IntegrationUri: { 'Fn::GetAtt': [handler, 'Arn'] },
    });
    for (const route of routes) expect(JSON.stringify(route.Properties['Target'])).toContain(integration);
    const permissions = Object.values(resources).filter(
      (one) => one.Type === 'AWS::Lambda::Permission' && JSON.stringify(one.Properties['FunctionName']).includes(handler),
    );
    expect(permissions.map((one) => one.Properties['Principal'])).toEqual(['apigateway.amazonaws.com']);
    expect(JSON.stringify(permissions[0]?.Properties['SourceArn'])).toContain(`{"Ref":"${api}"}`);
  });
});

describe('the stage', () => {
  const [, { Properties }] = theOne(resources, 'AWS::ApiGatewayV2::Stage', 'JobsHttp');

  it('lets in what the function has room for', () => {
    expect(Properties).toMatchObject({
      StageName: '$default',
      AutoDeploy: true,
      DefaultRouteSettings: { ThrottlingBurstLimit: 40, ThrottlingRateLimit: 400 },
    });
  });

  it('logs who asked for what, and no token and no body', () => {
    const { DestinationArn, Format } = Properties['AccessLogSettings'] as { DestinationArn: unknown; Format: string };
    const [log] = theOne(resources, 'AWS::Logs::LogGroup', 'JobsHttpAccessLog');
    expect(JSON.stringify(DestinationArn)).toContain(log);
    expect(Object.keys(JSON.parse(Format))).toEqual(expect.arrayContaining(['requestId', 'caller', 'route', 'status']));
    expect(Format).not.toMatch(/authorization|body/i);
  });
});

it('the API’s address is an output', () => {
  template.hasOutput('ApiUrl', { Value: { 'Fn::GetAtt': [api, 'ApiEndpoint'] } });
});
