/** A queue that gets the events of jobs, as whoever subscribes to the stage's topic would have one. */
import { CreateQueueCommand, DeleteMessageBatchCommand, GetQueueAttributesCommand, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { JobEvent } from '../../lambdas/contract/job.ts';
import { aws } from './groups.ts';
import { awsQuery } from './query-api.ts';
import { stage } from './shared-stage.ts';

const Policy = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { Service: 'sns.amazonaws.com' }, Action: 'sqs:SendMessage', Resource: '*' }],
});

export interface TopicQueue {
  url: string;
  /** The next ten at most, each given once. */
  receive(waitSeconds?: number): Promise<JobEvent[]>;
}

/** `filter`: of the attributes that an event must have. */
export async function topicQueue(filter: Record<string, string[]> = {}): Promise<TopicQueue> {
  const { QueueUrl: url = '' } = await aws.sqs.send(new CreateQueueCommand({ QueueName: `events-${Date.now()}`, Attributes: { Policy } }));
  const { Attributes } = await aws.sqs.send(new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['QueueArn'] }));
  await awsQuery(stage, 'sns', {
    Action: 'Subscribe',
    Version: '2010-03-31',
    TopicArn: stage.outputs.JobsTopicArn,
    Protocol: 'sqs',
    Endpoint: Attributes?.QueueArn ?? '',
    ...(Object.keys(filter).length === 0
      ? {}
      : { 'Attributes.entry.1.key': 'FilterPolicy', 'Attributes.entry.1.value': JSON.stringify(filter) }),
  });
  return { url, receive: (waitSeconds = 0) => receive(url, waitSeconds) };
}

async function receive(QueueUrl: string, WaitTimeSeconds: number): Promise<JobEvent[]> {
  const { Messages = [] } = await aws.sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds }));
  if (Messages.length === 0) return [];
  const Entries = Messages.map(({ ReceiptHandle }, i) => ({ Id: String(i), ReceiptHandle }));
  await aws.sqs.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }));
  return Messages.map(({ Body = '{}' }) => JobEvent.parse(JSON.parse(JSON.parse(Body).Message)));
}
