/** What the resources made at run time will be called, for policies: they do not exist yet when the stack is deployed. */
import { ArnFormat, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { pipelineNamePrefix, proofNamePrefix, rolePath, secretPaths } from '../../lambdas/contract/names.ts';

export function pipelineArns(scope: Construct, prefix: string) {
  const arn = (service: string, resource: string, resourceName: string, arnFormat: ArnFormat, region?: string) =>
    Stack.of(scope).formatArn({ service, resource, resourceName, arnFormat, ...(region === undefined ? {} : { region }) });
  const queue = (name: string) => Stack.of(scope).formatArn({ service: 'sqs', resource: name });
  const { COLON_RESOURCE_NAME: colon, SLASH_RESOURCE_NAME: slash } = ArnFormat;
  const secrets = secretPaths(prefix);
  return {
    /** Consumers and the functions that prove releases. */
    functions: [pipelineNamePrefix(prefix), proofNamePrefix(prefix)].map((name) => arn('lambda', 'function', `${name}*`, colon)),
    mappings: arn('lambda', 'event-source-mapping', '*', colon),
    queues: queue(`${pipelineNamePrefix(prefix)}*`),
    deadLetterQueues: queue(`${pipelineNamePrefix(prefix)}*-dlq*`),
    roles: arn('iam', 'role', `${rolePath(prefix).slice(1)}*`, slash, ''),
    parameters: arn('ssm', 'parameter', `${secrets.ssm.slice(1)}*`, slash),
    secrets: arn('secretsmanager', 'secret', `${secrets.secretsmanager}*`, colon),
  };
}
