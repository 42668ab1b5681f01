/** Where changes of jobs are announced: in any order, or with `fifo` in the order of each job. Published to by the notifier alone, over TLS. */
import { Alias } from 'aws-cdk-lib/aws-kms';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';

export class JobsTopic extends Construct {
  readonly topic: Topic;

  constructor(scope: Construct, id: string, { fifo = false } = {}) {
    super(scope, id);
    this.topic = new Topic(this, 'Topic', {
      // An event carries results. AWS's own key does, as nothing but a role of this account publishes here (unlike S3, for
      // which the code topic has none), and it costs no key of the stage's.
      masterKey: Alias.fromAliasName(this, 'Key', 'alias/aws/sns'),
      enforceSSL: true,
      ...(fifo ? { fifo } : {}),
    });
  }
}
