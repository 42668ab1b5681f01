/** What webhooks are signed with, made once by Secrets Manager and known to the notifier and to whoever may read the secret. */
import { RemovalPolicy, Validations } from 'aws-cdk-lib';
import { type CfnSecret, Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';

/** Said twice: the local AWS knows it only by its characters. */
const punctuation = '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~';

export class WebhookSecret extends Secret {
  constructor(scope: Construct, id: string, prefix: string) {
    super(scope, id, {
      description: `Signs the webhooks of ${prefix}`,
      // 64 letters and digits are 48 random bytes in base64, as Standard Webhooks wants a key.
      generateSecretString: { passwordLength: 64, excludePunctuation: true, excludeCharacters: punctuation },
      removalPolicy: RemovalPolicy.DESTROY,
    });
    Validations.of(this).acknowledge({
      id: 'AwsSolutions-SMG4',
      reason:
        'Receivers check with the same key, so a rotation needs their part: by hand, with both keys in the secret for a while (docs/webhooks.md). A schedule would have them refuse every event.',
    });
  }

  /** By the attribute of that meaning: a reference to the secret is an ARN on AWS, and a name on the local AWS. */
  get arn(): string {
    return (this.node.defaultChild as CfnSecret).attrId;
  }
}
