/** The Lambda functions that jobs may name, as resources of a policy: exactly as they are named. */
import { ArnFormat, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { StageSettings } from '../../../lambdas/contract/settings.ts';

export function functionArns(scope: Construct, { functions, defaultFunction }: StageSettings): string[] {
  const references = new Set([...functions, ...(defaultFunction === undefined ? [] : [defaultFunction])]);
  return [...references].map((reference) =>
    reference.startsWith('arn:')
      ? reference
      : Stack.of(scope).formatArn({
          service: 'lambda',
          resource: 'function',
          resourceName: reference,
          arnFormat: ArnFormat.COLON_RESOURCE_NAME,
        }),
  );
}
