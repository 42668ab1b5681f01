/** What webhooks are signed with, made once by Secrets Manager and known to the notifier and to whoever may read the secret. */
import { RemovalPolicy, Validations } from 'aws-cdk-lib';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';

export class WebhookSecret extends Secret {
  constructor(scope: Construct, id: string, prefix: string) {
    super(scope, id, {
      description: `Signs the webhooks of ${prefix}`,
      generateSecretString: { passwordLength: 64, excludePunctuation: true },
      removalPolicy: RemovalPolicy.DESTROY,
    });
    Validations.of(this).acknowledge({
      id: 'AwsSolutions-SMG4',
      reason:
        'Receivers check signatures with the same secret: a rotation they do not take part in would have them refuse every event. It is changed by hand, together with them (docs/operations.md).',
    });
  }
}
