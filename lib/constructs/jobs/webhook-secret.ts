/** What webhooks are signed with, made once by Secrets Manager and known to the notifier and to whoever may read the secret. */
import { RemovalPolicy, Validations } from 'aws-cdk-lib';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';

export class WebhookSecret extends Secret {
  constructor(scope: Construct, id: string, prefix: string) {
    super(scope, id, {
      description: `Signs the webhooks of ${prefix}`,
      // 64 letters and digits are 48 random bytes in base64, as Standard Webhooks wants a key.
      generateSecretString: { passwordLength: 64, excludePunctuation: true },
      removalPolicy: RemovalPolicy.DESTROY,
    });
    Validations.of(this).acknowledge({
      id: 'AwsSolutions-SMG4',
      reason:
        'Receivers check with the same key, so a rotation needs their part: by hand, with both keys in the secret for a while (docs/operations.md). A schedule would have them refuse every event.',
    });
  }
}
