/** The runtime's world on AWS. Clients are made here, at the first batch; those few consumers need come when asked for. */
import { randomUUID } from 'node:crypto';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SQSClient } from '@aws-sdk/client-sqs';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { Ports } from '../ports.ts';
import type { ConsumerSettings } from '../runtime/consumer-settings.ts';
import { clientOptions } from './client-options.ts';
import { groupCooling } from './group-cooling.ts';
import { jobLeases } from './job-leases.ts';
import { jobStates } from './job-states.ts';
import { largeResults } from './large-results.ts';
import { permits } from './permits.ts';
import { reports } from './reports.ts';
import { secrets } from './secrets.ts';
import { systemTaskClock } from './system-task-clock.ts';
import { taskQueue } from './task-queue.ts';
import { taskRecords } from './task-records.ts';

export interface ConsumerClients {
  sqs: Pick<SQSClient, 'send'>;
  documents: Pick<DynamoDBDocumentClient, 'send'>;
}

export function awsPorts(settings: ConsumerSettings): Ports {
  const sqs = new SQSClient(clientOptions);
  const documents = DynamoDBDocumentClient.from(new DynamoDBClient(clientOptions), { marshallOptions: { removeUndefinedValues: true } });
  return portsOver({ sqs, documents }, settings);
}

/** The same over given clients: a double that enforces AWS's rules can stand in. */
export function portsOver({ sqs, documents }: ConsumerClients, settings: ConsumerSettings): Ports {
  return {
    clock: systemTaskClock,
    random: Math.random,
    newId: randomUUID,
    queue: taskQueue(sqs, settings),
    records: taskRecords(documents, settings.tasksTable),
    largeResults: largeResults(settings.dataBucket),
    jobStates: jobStates(documents, settings.tasksTable),
    jobLeases,
    reports: reports(sqs, settings.reportsQueueUrl, systemTaskClock),
    cooling: groupCooling(documents, sqs, settings),
    permits: permits(documents, sqs, settings.tasksTable),
    secrets: secrets(),
    writeLine: (line) => void process.stdout.write(line),
  };
}
