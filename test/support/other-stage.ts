/** A stage besides the shared one, on the same local AWS in an account of its own; destroyed by whoever deploys it. */
import { join } from 'node:path';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { pipelineNames } from '../../lambdas/contract/names.ts';
import { type DeployOptions, deploy, destroy } from '../../local/deploy.ts';
import { type AwsClients, awsClients } from './aws-clients.ts';
import { sendThroughProxy } from './deploy-shared-stage.ts';
import { eventually } from './eventually.ts';
import { allowWhatOnlyTheLocalAwsAsks } from './local-permissions.ts';
import { keepRolePolicies } from './role-policies.ts';
import { stage } from './shared-stage.ts';

export class OtherStage {
  readonly target: typeof stage;
  readonly aws: AwsClients;
  private readonly options: DeployOptions;
  private assembly = '';
  outputs: Record<string, string> = {};

  constructor(account: string) {
    this.target = { ...stage, account };
    this.aws = awsClients(this.target);
    this.options = {
      ministack: { clientEnvironment: () => ({ ...stage.clientEnvironment, AWS_ACCESS_KEY_ID: account }) },
      folder: join(stage.folder, account),
      account,
    };
  }

  async deploy(assembly: string): Promise<void> {
    this.assembly = assembly;
    this.outputs = (await deploy({ ...this.options, assembly })).outputs;
    await allowWhatOnlyTheLocalAwsAsks(this.target, this.outputs['ConsumerRoleArn'] as string);
    await sendThroughProxy(this.aws, stage.endpoint, stage.proxyUrl);
    await keepRolePolicies(this.target, this.outputs['Prefix'] as string, stage.records);
  }

  destroy = () => destroy(this.assembly, this.options);

  names = (taskGroup: string) => pipelineNames(this.outputs['Prefix'] as string, taskGroup, false);

  upload = (Key: string, Body: Uint8Array) => this.aws.s3.send(new PutObjectCommand({ Bucket: this.outputs['CodeBucketName'], Key, Body }));

  /** Up, as its item says. */
  async pipeline(taskGroup: string, fields: object): Promise<void> {
    const Item = { taskGroup, concurrency: 1, ...fields };
    await this.aws.documents.send(new PutCommand({ TableName: this.outputs['ConfigTableName'], Item }));
    await eventually(`${taskGroup} is up`, async () => {
      const { Item: row } = await this.aws.documents.send(
        new GetCommand({ TableName: this.outputs['PipelinesTableName'], Key: { taskGroup } }),
      );
      if (row?.['phase'] !== 'Active') throw new Error(JSON.stringify(row ?? 'no row'));
      return true;
    });
  }
}
