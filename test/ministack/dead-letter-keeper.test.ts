/** A plain consumer that fails: SQS moves its task without a word, and the keeper adds the reason. */
import { InvokeCommand } from '@aws-sdk/client-lambda';
import { type Message, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { taskAttributes } from '../../lambdas/contract/task-wire.ts';
import { readLetter } from '../../lambdas/domain/task/letter.ts';
import { nodeConsumer, type Partner, startPartner } from '../support/consumers.ts';
import { eventually } from '../support/eventually.ts';
import {
  aws,
  lookAtQueue,
  namesOf,
  newCode,
  newGroup,
  removeGroupsAfterwards,
  sendTasks,
  untilPhase,
  writeItem,
} from '../support/groups.ts';
import { stage } from '../support/shared-stage.ts';

let partner: Partner;

removeGroupsAfterwards();
beforeAll(async () => {
  partner = await startPartner();
});
afterAll(() => partner.stop());

async function keep(): Promise<unknown> {
  const FunctionName = stage.outputs.DeadLetterKeeperFunctionName;
  const { FunctionError, Payload } = await aws.lambda.send(new InvokeCommand({ FunctionName }));
  const answer: unknown = JSON.parse(Payload?.transformToString() ?? 'null');
  expect(FunctionError, JSON.stringify(answer)).toBeUndefined();
  return answer;
}

async function theOnlyLetter(name: string): Promise<Message> {
  const url = (await lookAtQueue(name))?.url;
  const { Messages = [] } = await aws.sqs.send(
    new ReceiveMessageCommand({
      QueueUrl: url,
      MaxNumberOfMessages: 10,
      VisibilityTimeout: 0,
      MessageAttributeNames: ['All'],
      MessageSystemAttributeNames: ['All'],
    }),
  );
  const [only, ...more] = Messages;
  if (!only || more.length > 0) throw new Error(`${Messages.length} messages on ${name}`);
  return only;
}

test('a letter that SQS moved is told its reason, once, and is otherwise as it was', async () => {
  const taskGroup = newGroup('keeper');
  const { key } = await newCode(nodeConsumer());
  partner.refuse.add('poison');
  await writeItem({
    taskGroup,
    code: { key },
    function: { timeout: 1, environment: { PARTNER_URL: partner.url } },
    queue: { visibilityTimeout: 1, maxReceiveCount: 1 },
  });
  await untilPhase(taskGroup, 'Active');
  await sendTasks(taskGroup, [{ id: 'poison' }]);
  const { deadLetterQueue } = namesOf(taskGroup);
  const moved = await eventually('SQS moved it', () => theOnlyLetter(deadLetterQueue));
  expect(moved.MessageAttributes).toBeUndefined();
  expect(moved.Attributes?.DeadLetterQueueSourceArn).toContain(namesOf(taskGroup).queue);

  expect(await keep()).toMatchObject({ failed: 0 });
  const explained = await theOnlyLetter(deadLetterQueue);
  expect(explained.Body).toBe(moved.Body);
  expect(readLetter(explained.MessageAttributes?.[taskAttributes.letter]?.StringValue)).toMatchObject({
    task: moved.MessageId,
    group: taskGroup,
    class: 'RESOURCE',
    attempt: 1,
    redrives: 0,
    by: 'sqs',
    sentAt: new Date(Number(moved.Attributes?.SentTimestamp)).toISOString(),
  });

  await keep();
  expect((await theOnlyLetter(deadLetterQueue)).MessageId).toBe(explained.MessageId);
});
