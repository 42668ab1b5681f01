/** What Sluice itself remembers: a row per pipeline, per release, and per lease or budget. Worthless without the stack, so it goes with it. */
import { RemovalPolicy } from 'aws-cdk-lib';
import { AttributeType, Billing, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { Construct } from 'constructs';

export class StateTables extends Construct {
  readonly pipelines: TableV2;
  readonly releases: TableV2;
  readonly control: TableV2;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    this.pipelines = this.table('Pipelines', 'taskGroup');
    this.releases = this.table('Releases', 'codeKey', 'id');
    this.control = this.table('Control', 'pk', 'sk');
  }

  private table(id: string, partition: string, sort?: string): TableV2 {
    return new TableV2(this, id, {
      partitionKey: { name: partition, type: AttributeType.STRING },
      ...(sort === undefined ? {} : { sortKey: { name: sort, type: AttributeType.STRING } }),
      billing: Billing.onDemand(),
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      removalPolicy: RemovalPolicy.DESTROY,
    });
  }
}
