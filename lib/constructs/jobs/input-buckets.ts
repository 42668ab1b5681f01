/** The buckets, besides the stage's own, whose files jobs may name, as resources of a policy. */
import { Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { StageSettings } from '../../../lambdas/contract/settings.ts';

export function inputBucketArns(scope: Construct, { inputBuckets }: StageSettings) {
  const arn = (resource: string) => Stack.of(scope).formatArn({ service: 's3', region: '', account: '', resource });
  return { buckets: inputBuckets.map(arn), objects: inputBuckets.map((name) => `${arn(name)}/*`) };
}
