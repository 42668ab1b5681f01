/** Topics, as far as we publish to them: what they take, and what they were given. One whose ARN ends in .fifo is FIFO. */
import { PublishCommand } from '@aws-sdk/client-sns';
import { AwsError } from './errors.ts';
import { type Operations, on } from './service.ts';

export interface Published {
  topic: string;
  group?: string | undefined;
  message: string;
  attributes: Record<string, string>;
}

/** API_Publish: message and attributes together, in bytes. */
const mostBytes = 262_144;

export class SnsDouble {
  readonly operations: Operations;
  readonly published: Published[] = [];

  constructor(topics: readonly string[]) {
    const known = new Set<string>();
    this.operations = new Map([
      on(PublishCommand, ({ TopicArn = '', Message = '', MessageAttributes = {}, MessageGroupId: group, MessageDeduplicationId: id }) => {
        if (!topics.includes(TopicArn)) throw new AwsError('NotFoundException', 'Topic does not exist', 404);
        const attributes = Object.entries(MessageAttributes).map(([name, { StringValue = '' }]): [string, string] => [name, StringValue]);
        if (attributes.some(([, value]) => value === ''))
          throw new AwsError('InvalidParameterValueException', 'The message attribute value must not be empty');
        if (Buffer.byteLength(Message + attributes.flat().join('')) > mostBytes)
          throw new AwsError('InvalidParameterException', 'Invalid parameter: Message too long');
        if (TopicArn.endsWith('.fifo') !== (group !== undefined && id !== undefined))
          throw new AwsError('InvalidParameterException', 'Invalid parameter: MessageGroupId and MessageDeduplicationId');
        if (id === undefined || !known.has(`${TopicArn} ${id}`))
          this.published.push({ topic: TopicArn, group, message: Message, attributes: Object.fromEntries(attributes) });
        if (id !== undefined) known.add(`${TopicArn} ${id}`);
        return { MessageId: `sns-${this.published.length}` };
      }),
    ]);
  }
}
