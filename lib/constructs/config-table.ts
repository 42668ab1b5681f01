/** The config table: the users' wishes, one item per task group. Its stream carries keys only, as a record is just a hint to look. */
import { AttributeType, Billing, StreamViewType, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import type { Construct } from 'constructs';
import { expiryAttribute } from '../../lambdas/contract/config-item.ts';
import type { StageSettings } from '../../lambdas/contract/settings.ts';
import { dataRemoval } from './data-removal.ts';

export class ConfigTable extends TableV2 {
  constructor(scope: Construct, id: string, settings: StageSettings) {
    super(scope, id, {
      partitionKey: { name: 'taskGroup', type: AttributeType.STRING },
      billing: Billing.onDemand(),
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      deletionProtection: settings.deletionProtection,
      timeToLiveAttribute: expiryAttribute,
      dynamoStream: StreamViewType.KEYS_ONLY,
      removalPolicy: dataRemoval(settings),
    });
  }
}
