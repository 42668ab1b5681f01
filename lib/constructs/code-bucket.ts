/** Where consumers' code is uploaded, and the topic that says so. Keeps every version: one in use must never go. */
import { Duration, Stack, Validations } from 'aws-cdk-lib';
import { AnyPrincipal, Effect, PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { BlockPublicAccess, Bucket, BucketEncryption, type CfnBucket } from 'aws-cdk-lib/aws-s3';
import { Topic, TopicPolicy } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import type { StageSettings } from '../../lambdas/contract/settings.ts';
import { dataRemoval } from './data-removal.ts';
import { pipelineArns } from './pipeline-arns.ts';

export class CodeBucket extends Construct {
  readonly bucket: Bucket;
  readonly topic: Topic;

  constructor(scope: Construct, id: string, settings: StageSettings) {
    super(scope, id);
    // Not encrypted with a key: S3 cannot publish under the AWS-managed one, and a message holds no more than a key and a version.
    this.topic = new Topic(this, 'Topic');
    const topicPolicy = this.topicPolicy();

    this.bucket = new Bucket(this, 'Bucket', {
      versioned: true,
      encryption: BucketEncryption.S3_MANAGED,
      enforceSSL: true,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      // No version ever expires: `codeStorage: reference` runs them in place, and a pipeline may be pinned to an old one.
      lifecycleRules: [{ abortIncompleteMultipartUploadAfter: Duration.days(7) }],
      removalPolicy: dataRemoval(settings),
    });
    this.bucket.addToResourcePolicy(this.lambdaReadsCode(settings.prefix));
    // The bucket's own property, not `addEventNotification`: that brings a custom resource with rights on every bucket.
    const cfnBucket = this.bucket.node.defaultChild as CfnBucket;
    cfnBucket.notificationConfiguration = { topicConfigurations: [{ event: 's3:ObjectCreated:*', topic: this.topic.topicArn }] };
    // S3 tries the topic when the notification is set.
    cfnBucket.node.addDependency(topicPolicy);
    Validations.of(this.bucket).acknowledge({
      id: 'AwsSolutions-S1',
      reason:
        'Server access logs would need a second bucket per stage; uploads are on record as object versions, and in CloudTrail data events where wanted.',
    });
  }

  private topicPolicy(): TopicPolicy {
    const policy = new TopicPolicy(this, 'TopicPolicy', { topics: [this.topic] });
    policy.document.addStatements(
      new PolicyStatement({
        sid: 'S3Publishes',
        principals: [new ServicePrincipal('s3.amazonaws.com')],
        actions: ['sns:Publish'],
        resources: [this.topic.topicArn],
        // By account: the bucket, whose ARN it could name, is made after this policy.
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
      new PolicyStatement({
        sid: 'TlsOnly',
        effect: Effect.DENY,
        principals: [new AnyPrincipal()],
        actions: ['sns:Publish'],
        resources: [this.topic.topicArn],
        conditions: { Bool: { 'aws:SecureTransport': 'false' } },
      }),
    );
    return policy;
  }

  /** Lambda reads the code in place with its own principal (LDG/configuration-self-managed-storage). */
  private lambdaReadsCode(prefix: string): PolicyStatement {
    return new PolicyStatement({
      sid: 'LambdaReadsCode',
      principals: [new ServicePrincipal('lambda.amazonaws.com')],
      actions: ['s3:GetObject', 's3:GetObjectVersion'],
      resources: [this.bucket.arnForObjects('*')],
      conditions: {
        StringEquals: { 'aws:SourceAccount': Stack.of(this).account },
        ArnLike: { 'aws:SourceArn': pipelineArns(this, prefix).functions },
      },
    });
  }
}
