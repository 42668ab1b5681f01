/**
 * Which attributes a queue takes and what they may be (API_SetQueueAttributes, API_CreateQueue), and its policy.
 * Decides on values alone; whether a dead-letter queue exists is asked through `deadLetterQueue`.
 */
import { AwsError, NotInDouble } from './errors.ts';

export type Attributes = Record<string, string>;

const numeric: Record<string, { min: number; max: number; initial: string }> = {
  DelaySeconds: { min: 0, max: 900, initial: '0' },
  MaximumMessageSize: { min: 1_024, max: 1_048_576, initial: '1048576' },
  MessageRetentionPeriod: { min: 60, max: 1_209_600, initial: '345600' },
  ReceiveMessageWaitTimeSeconds: { min: 0, max: 20, initial: '0' },
  VisibilityTimeout: { min: 0, max: 43_200, initial: '30' },
  KmsDataKeyReusePeriodSeconds: { min: 60, max: 86_400, initial: '300' },
};
const texts = ['Policy', 'RedrivePolicy', 'RedriveAllowPolicy', 'KmsMasterKeyId', 'SqsManagedSseEnabled'];
const fifoOnly = ['FifoQueue', 'ContentBasedDeduplication', 'DeduplicationScope', 'FifoThroughputLimit'];

export function initialAttributes(fifo: boolean): Attributes {
  const initial: Attributes = { SqsManagedSseEnabled: 'true' };
  for (const [name, rule] of Object.entries(numeric)) if (!name.startsWith('Kms')) initial[name] = rule.initial;
  if (fifo)
    Object.assign(initial, {
      FifoQueue: 'true',
      ContentBasedDeduplication: 'false',
      DeduplicationScope: 'queue',
      FifoThroughputLimit: 'perQueue',
    });
  return initial;
}

export interface QueueFacts {
  arn: string;
  fifo: boolean;
  /** The queue a redrive policy names, or undefined where there is none. */
  deadLetterQueue(arn: string): { fifo: boolean } | undefined;
}

/** Throws AWS's error for the first attribute it would refuse. */
export function checkAttributes(attributes: Attributes, queue: QueueFacts): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (fifoOnly.includes(name) && !queue.fifo) throw new AwsError('InvalidAttributeName', `Unknown Attribute ${name}.`);
    const rule = numeric[name];
    if (rule) checkNumber(name, value, rule);
    else if (!texts.includes(name) && !fifoOnly.includes(name)) throw new AwsError('InvalidAttributeName', `Unknown Attribute ${name}.`);
  }
  if (attributes['RedrivePolicy']) checkRedrivePolicy(attributes['RedrivePolicy'], queue);
  if (attributes['Policy']) checkPolicy(attributes['Policy'], queue.arn);
}

function checkNumber(name: string, value: string, rule: { min: number; max: number }): void {
  const number = Number(value);
  if (/^\d+$/.test(value) && number >= rule.min && number <= rule.max) return;
  throw new AwsError('InvalidAttributeValue', `Invalid value for the parameter ${name}.`);
}

/** API_SetQueueAttributes, RedrivePolicy; "The dead-letter queue of a FIFO queue must also be a FIFO queue". */
function checkRedrivePolicy(text: string, queue: QueueFacts): void {
  const refuse = (reason: string) =>
    new AwsError('InvalidParameterValue', `Value ${text} for parameter RedrivePolicy is invalid. Reason: ${reason}`);
  const policy = parseJson(text, () => refuse('Redrive policy is not a valid JSON map.')) as {
    deadLetterTargetArn?: unknown;
    maxReceiveCount?: unknown;
  };
  const count = Number(policy.maxReceiveCount);
  if (!Number.isInteger(count) || count < 1 || count > 1_000)
    throw refuse('Invalid value for maxReceiveCount: must be an integer between 1 and 1000.');
  if (typeof policy.deadLetterTargetArn !== 'string')
    throw refuse('Redrive policy does not contain mandatory attribute: deadLetterTargetArn.');
  const target = queue.deadLetterQueue(policy.deadLetterTargetArn);
  if (!target) throw refuse('Dead letter target does not exist.');
  if (target.fifo !== queue.fifo) throw refuse('Dead-letter queue must be same type of queue as the source.');
}

export interface RedrivePolicy {
  deadLetterTargetArn: string;
  maxReceiveCount: number;
}

export function redrivePolicyOf(attributes: Attributes): RedrivePolicy | undefined {
  const text = attributes['RedrivePolicy'];
  if (!text) return undefined;
  const policy = JSON.parse(text) as { deadLetterTargetArn: string; maxReceiveCount: number | string };
  return { deadLetterTargetArn: policy.deadLetterTargetArn, maxReceiveCount: Number(policy.maxReceiveCount) };
}

interface Statement {
  Effect?: string;
  Action?: string | string[];
  Resource?: string | string[];
  Principal?: unknown;
  Condition?: Record<string, Record<string, string>>;
}

function checkPolicy(text: string, queueArn: string): void {
  const refuse = (reason: string) => new AwsError('InvalidAttributeValue', `Invalid value for the parameter Policy. Reason: ${reason}`);
  const statements = statementsOf(parseJson(text, () => refuse('Policy is not valid JSON.')));
  for (const statement of statements) {
    if (statement.Effect !== 'Allow' && statement.Effect !== 'Deny') throw refuse('Effect is missing.');
    if (statement.Principal === undefined || statement.Action === undefined) throw refuse('Principal or Action is missing.');
    const resources = [statement.Resource ?? []].flat();
    if (resources.some((resource) => resource !== '*' && resource !== queueArn)) throw refuse('Resource must be the queue.');
  }
}

/** Whether the policy denies `action` (for example SendMessage) to everybody. Allows are not looked at: same account. */
export function policyDenies(attributes: Attributes, action: string): boolean {
  const text = attributes['Policy'];
  if (!text) return false;
  return statementsOf(JSON.parse(text)).some((statement) => statement.Effect === 'Deny' && deniesAction(statement, action));
}

function deniesAction(statement: Statement, action: string): boolean {
  const actions = [statement.Action ?? []].flat().map((name) => name.toLowerCase());
  if (!['*', 'sqs:*', `sqs:${action.toLowerCase()}`].some((name) => actions.includes(name))) return false;
  if (statement.Condition === undefined) return true;
  if (statement.Condition['Bool']?.['aws:SecureTransport'] === 'false') return false;
  throw new NotInDouble(`queue policy condition ${JSON.stringify(statement.Condition)}`);
}

function statementsOf(policy: unknown): Statement[] {
  const statement = (policy as { Statement?: Statement | Statement[] }).Statement;
  return statement === undefined ? [] : [statement].flat();
}

function parseJson(text: string, error: () => Error): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw error();
  }
}
