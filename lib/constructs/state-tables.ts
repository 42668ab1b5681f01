/**
 * What Sluice itself remembers: a row per pipeline, per release, per lease or budget, and what library consumers remember
 * of their tasks. Worthless without the stack, so it goes with it.
 */
import { RemovalPolicy } from 'aws-cdk-lib';
import { AttributeType, Billing, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { Construct } from 'constructs';
import { tasksExpiryAttribute } from '../../lambdas/contract/task-table.ts';

export class StateTables extends Construct {
  readonly pipelines: TableV2;
  readonly releases: TableV2;
  readonly control: TableV2;
  /** As `contract/task-table.ts` says. */
  readonly tasks: TableV2;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    this.pipelines = this.table('Pipelines', { key: ['taskGroup'] });
    this.releases = this.table('Releases', { key: ['codeKey', 'id'] });
    this.control = this.table('Control', { key: ['pk', 'sk'] });
    this.tasks = this.table('Tasks', { key: ['pk', 'sk'], expiry: tasksExpiryAttribute });
  }

  private table(id: string, { key: [partition, sort], expiry }: { key: [partition: string, sort?: string]; expiry?: string }): TableV2 {
    return new TableV2(this, id, {
      partitionKey: { name: partition, type: AttributeType.STRING },
      ...(sort === undefined ? {} : { sortKey: { name: sort, type: AttributeType.STRING } }),
      billing: Billing.onDemand(),
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      ...(expiry === undefined ? {} : { timeToLiveAttribute: expiry }),
      removalPolicy: RemovalPolicy.DESTROY,
    });
  }
}
