/**
 * What the job service remembers, as `contract/job-table.ts` says. Its items expire by themselves and name files of a
 * bucket that may outlive the stack, so the table goes with the stack like all state.
 */
import { RemovalPolicy } from 'aws-cdk-lib';
import { AttributeType, Billing, ProjectionType, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import type { Construct } from 'constructs';
import { jobIndexes, jobIndexSortKey, jobsExpiryAttribute } from '../../../lambdas/contract/job-table.ts';

const text = (name: string) => ({ name, type: AttributeType.STRING });

export class JobsTable extends TableV2 {
  constructor(scope: Construct, id: string) {
    super(scope, id, {
      partitionKey: text('pk'),
      sortKey: text('sk'),
      billing: Billing.onDemand(),
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      timeToLiveAttribute: jobsExpiryAttribute,
      // Only rows of jobs have the attributes that are keys here, so tasks and counts cost nothing in an index.
      globalSecondaryIndexes: Object.values(jobIndexes).map(({ name: indexName, key }) => ({
        indexName,
        partitionKey: text(key),
        sortKey: text(jobIndexSortKey),
        projectionType: ProjectionType.ALL,
      })),
      removalPolicy: RemovalPolicy.DESTROY,
    });
  }

  /** Each index by its name: no wildcard. */
  get indexArns(): string[] {
    return Object.values(jobIndexes).map(({ name }) => `${this.tableArn}/index/${name}`);
  }
}
