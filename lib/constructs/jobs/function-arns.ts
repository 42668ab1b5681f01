/** Lambda functions of users that the stage names, as resources of a policy: exactly as they are named. */
import { ArnFormat, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

export function functionArns(scope: Construct, references: readonly string[]): string[] {
  return [...new Set(references)].map((reference) =>
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
