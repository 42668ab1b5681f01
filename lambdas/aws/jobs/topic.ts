/** The jobs topic: where a stage tells of its jobs' ends. Only the notifier has this client. */
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { clientOptions } from '../clients.ts';
import { named } from '../errors.ts';

export type Sns = Pick<SNSClient, 'send'>;

export const snsClient = (): Sns => new SNSClient(clientOptions);

export function jobsTopic(sns: Sns, TopicArn: string) {
  return async (Message: string, attributes: Record<string, string>): Promise<void> => {
    const MessageAttributes = Object.fromEntries(
      Object.entries(attributes).map(([name, StringValue]) => [name, { DataType: 'String', StringValue }]),
    );
    await named('Publish', TopicArn, () => sns.send(new PublishCommand({ TopicArn, Message, MessageAttributes })));
  };
}
export type JobsTopic = ReturnType<typeof jobsTopic>;
