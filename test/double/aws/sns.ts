/** A topic, as far as we publish to it: what it takes, and what it was given. */
import { PublishCommand } from '@aws-sdk/client-sns';
import { AwsError } from './errors.ts';
import { type Operations, on } from './service.ts';

export interface Published {
  message: string;
  attributes: Record<string, string>;
}

/** API_Publish: message and attributes together, in bytes. */
const mostBytes = 262_144;

export class SnsDouble {
  readonly operations: Operations;
  readonly published: Published[] = [];

  constructor(topicArn: string) {
    this.operations = new Map([
      on(PublishCommand, ({ TopicArn, Message = '', MessageAttributes = {} }) => {
        if (TopicArn !== topicArn) throw new AwsError('NotFoundException', 'Topic does not exist', 404);
        const attributes = Object.entries(MessageAttributes).map(([name, { StringValue = '' }]): [string, string] => [name, StringValue]);
        if (attributes.some(([, value]) => value === ''))
          throw new AwsError('InvalidParameterValueException', 'The message attribute value must not be empty');
        if (Buffer.byteLength(Message + attributes.flat().join('')) > mostBytes)
          throw new AwsError('InvalidParameterException', 'Invalid parameter: Message too long');
        this.published.push({ message: Message, attributes: Object.fromEntries(attributes) });
        return { MessageId: `sns-${this.published.length}` };
      }),
    ]);
  }
}
