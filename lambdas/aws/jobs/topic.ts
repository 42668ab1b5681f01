/** The jobs topics: where a stage tells of what becomes of its jobs. Only the notifier has this client. */
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { clientOptions } from '../clients.ts';
import { named } from '../errors.ts';

export type Sns = Pick<SNSClient, 'send'>;

export const snsClient = (): Sns => new SNSClient(clientOptions);

/** Of a FIFO topic: within a group messages keep their order, and one id is delivered once within five minutes. */
export interface InOrder {
  group: string;
  id: string;
}

export function jobsTopic(sns: Sns, TopicArn: string) {
  return async (Message: string, attributes: Record<string, string | number>, order?: InOrder): Promise<void> => {
    const MessageAttributes = Object.fromEntries(
      Object.entries(attributes).map(([name, value]) => [
        name,
        { DataType: typeof value === 'number' ? 'Number' : 'String', StringValue: String(value) },
      ]),
    );
    const fifo = order === undefined ? {} : { MessageGroupId: order.group, MessageDeduplicationId: order.id };
    await named('Publish', TopicArn, () => sns.send(new PublishCommand({ TopicArn, Message, MessageAttributes, ...fifo })));
  };
}
export type JobsTopic = ReturnType<typeof jobsTopic>;
