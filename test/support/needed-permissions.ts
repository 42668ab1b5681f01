/**
 * What AWS asks of the caller for a call: the action, and those the call depends on, by AWS's service authorization
 * reference and the Lambda developer guide. Kept by hand, as the local AWS checks only some of it.
 */
import type { Call } from './recorded-calls.ts';
import type { KnownRole } from './role-policies.ts';
import { stage } from './shared-stage.ts';

export interface Needed {
  action: string;
  resource: string;
  context?: Record<string, string>;
}

type Body = Record<string, unknown>;

export function neededFor(call: Call, role: KnownRole): Needed[] {
  const arns = arnsOf(role);
  const body = parse(call.body);
  if (call.service === 'dynamodb') return ofTable(call, body, arns);
  if (call.service === 'sqs') return ofQueue(call, body, arns);
  if (call.service === 's3') return ofObject(call);
  if (call.service === 'lambda') return ofFunction(call, body, arns);
  if (call.service === 'sns') return [{ action: call.operation, resource: new URLSearchParams(call.body).get('TopicArn') ?? '' }];
  if (call.service === 'secretsmanager') return [{ action: call.operation, resource: String(body['SecretId']) }];
  throw new Error(`A call nobody thought of: ${call.operation}`);
}

function arnsOf({ account, functionName }: KnownRole) {
  const prefix = functionName.split('-').slice(0, 2).join('-');
  const arn = (service: string, resource: string) => `arn:aws:${service}:${stage.region}:${account}:${resource}`;
  return {
    table: (name: unknown) => arn('dynamodb', `table/${name}`),
    queue: (name: unknown) => arn('sqs', String(name).split('/').at(-1) ?? ''),
    function: (name: unknown) => (String(name).startsWith('arn:') ? String(name) : arn('lambda', `function:${name}`)),
    anyPipeline: arn('lambda', `function:${prefix}-tg-any`),
    mapping: (id: unknown) => arn('lambda', `event-source-mapping:${id}`),
  };
}
type Arns = ReturnType<typeof arnsOf>;

function parse(body: string): Body {
  try {
    return JSON.parse(body) as Body;
  } catch {
    return {};
  }
}

const actionsInTransaction: Record<string, string> = {
  Put: 'PutItem',
  Update: 'UpdateItem',
  Delete: 'DeleteItem',
  ConditionCheck: 'ConditionCheckItem',
};

function ofTable(call: Call, body: Body, arns: Arns): Needed[] {
  if (/:Batch(Get|Write)Item$/.test(call.operation))
    return Object.entries((body['RequestItems'] ?? {}) as Body).map(([name, requests]) => ({
      action: call.operation,
      resource: arns.table(name),
      ...leadingKey(JSON.stringify(requests)),
    }));
  const index = body['IndexName'] === undefined ? '' : `/index/${body['IndexName']}`;
  if (call.operation !== 'dynamodb:TransactWriteItems')
    return [{ action: call.operation, resource: `${arns.table(body['TableName'])}${index}`, ...leadingKey(JSON.stringify(body)) }];
  const items = (body['TransactItems'] ?? []) as Record<string, { TableName: string }>[];
  return items.flatMap((item) =>
    Object.entries(item).map(([kind, { TableName, ...rest }]) => ({
      action: `dynamodb:${actionsInTransaction[kind]}`,
      resource: arns.table(TableName),
      ...leadingKey(JSON.stringify(rest)),
    })),
  );
}

/** Only of keys that a policy of ours may ask for: one for each item would be as many demands as there are items. */
function leadingKey(text: string): Pick<Needed, 'context'> {
  const [, key] = /"(?:pk|taskGroup|:pk)":\{"S":"((?:task#@placed#|\*limits)[^"]*)"\}/.exec(text) ?? [];
  return key === undefined ? {} : { context: { 'dynamodb:LeadingKeys': key.startsWith('task#') ? 'task#@placed#any' : key } };
}

function ofQueue(call: Call, body: Body, arns: Arns): Needed[] {
  if (call.operation === 'sqs:ListQueues') return [{ action: 'sqs:ListQueues', resource: '*' }];
  const resource = arns.queue(body['QueueName'] ?? body['QueueUrl']);
  if (call.operation.endsWith('Batch')) return [{ action: call.operation.replace(/Batch$/, ''), resource }];
  const tagged = call.operation === 'sqs:CreateQueue' && body['tags'] !== undefined;
  return [{ action: call.operation, resource }, ...(tagged ? [{ action: 'sqs:TagQueue', resource }] : [])];
}

function ofObject({ operation, path, body, status }: Call): Needed[] {
  const [place = '', query = ''] = path.slice(1).split('?');
  const [bucket = '', ...key] = decodeURIComponent(place).split('/');
  const bucketArn = `arn:aws:s3:::${bucket}`;
  // Amazon S3 API, HeadBucket.
  if (operation === 's3:HeadBucket') return [{ action: 's3:ListBucket', resource: bucketArn }];
  if (operation === 's3:ListObjectVersions') return [{ action: 's3:ListBucketVersions', resource: bucketArn }];
  if (operation === 's3:DeleteObjects') {
    // The first always, the second for a version (Amazon S3 API, DeleteObjects).
    const actions = ['s3:DeleteObject', 's3:DeleteObjectVersion'];
    return [...body.matchAll(/<Key>([^<]+)<\/Key>/g)].flatMap(([, name]) =>
      actions.map((action) => ({ action, resource: `${bucketArn}/${name}` })),
    );
  }
  // An upload in parts asks for the same right with each call, but to drop it (Amazon S3 user guide, mpuoverview).
  const writes = ['s3:PutObject', 's3:CreateMultipartUpload', 's3:UploadPart', 's3:CompleteMultipartUpload'];
  if (writes.includes(operation)) return [{ action: 's3:PutObject', resource: `${bucketArn}/${key.join('/')}` }];
  if (operation === 's3:AbortMultipartUpload') return [{ action: operation, resource: `${bucketArn}/${key.join('/')}` }];
  const read = readObject(bucket, key.join('/'), query.includes('versionId'));
  // Without it S3 answers "access denied" for what is not there.
  return status === 404 ? [...read, { action: 's3:ListBucket', resource: bucketArn }] : read;
}

const readObject = (bucket: string, key: string, version: boolean): Needed[] => [
  { action: version ? 's3:GetObjectVersion' : 's3:GetObject', resource: `arn:aws:s3:::${bucket}/${key}` },
];

function ofFunction(call: Call, body: Body, arns: Arns): Needed[] {
  const [path = ''] = decodeURIComponent(call.path).split('?');
  const named = /\/functions\/([^/]+)/.exec(path)?.[1] ?? body['FunctionName'];
  const resource = arns.function(named);
  const own = { action: call.operation, resource };
  switch (call.operation) {
    case 'lambda:CreateFunction':
      return [own, ...tagging(body, resource), ...dependencies(body), ...givenCode(body['Code'] as Body)];
    case 'lambda:UpdateFunctionConfiguration':
      return [own, ...dependencies(body)];
    case 'lambda:UpdateFunctionCode':
      return [own, ...givenCode(body)];
    case 'lambda:GetFunction':
      // It tells the tags, too.
      return [own, { action: 'lambda:ListTags', resource }];
    case 'lambda:Invoke':
      return [{ action: 'lambda:InvokeFunction', resource }];
    case 'lambda:TagResource':
    case 'lambda:UntagResource':
      return [{ action: call.operation, resource: path.split('/tags/')[1] ?? '' }];
    case 'lambda:CreateEventSourceMapping':
      return [
        { action: call.operation, resource: '*', context: { 'lambda:FunctionArn': resource } },
        ...tagging(body, arns.mapping('any')),
      ];
    case 'lambda:UpdateEventSourceMapping':
    case 'lambda:DeleteEventSourceMapping':
      // AWS knows the mapping's function; the call does not name it. Any of ours stands for it.
      return [
        { action: call.operation, resource: arns.mapping(path.split('/').at(-1)), context: { 'lambda:FunctionArn': arns.anyPipeline } },
      ];
    case 'lambda:GetEventSourceMapping':
      return [{ action: call.operation, resource: arns.mapping(path.split('/').at(-1)) }];
    case 'lambda:ListEventSourceMappings':
    case 'lambda:GetAccountSettings':
      return [{ action: call.operation, resource: '*' }];
    default:
      return [own];
  }
}

function tagging(body: Body, resource: string): Needed[] {
  const tags = body['Tags'] as Record<string, string> | undefined;
  const context = Object.fromEntries(Object.entries(tags ?? {}).map(([name, value]) => [`aws:RequestTag/${name}`, value]));
  return tags ? [{ action: 'lambda:TagResource', resource, context }] : [];
}

/** The role the function is given, its layers and its network. */
function dependencies(body: Body): Needed[] {
  const layers = (body['Layers'] ?? []) as string[];
  const subnets = ((body['VpcConfig'] ?? {}) as Body)['SubnetIds'] as string[] | undefined;
  return [
    ...(body['Role']
      ? [{ action: 'iam:PassRole', resource: String(body['Role']), context: { 'iam:PassedToService': 'lambda.amazonaws.com' } }]
      : []),
    ...layers.map((layer) => ({ action: 'lambda:GetLayerVersion', resource: layer })),
    ...(subnets?.length
      ? ['ec2:DescribeSubnets', 'ec2:DescribeSecurityGroups', 'ec2:DescribeVpcs'].map((action) => ({ action, resource: '*' }))
      : []),
  ];
}

/** Lambda checks that the caller may read the code it gives to a function. */
function givenCode(code: Body): Needed[] {
  if (!code['S3Bucket']) return [];
  const [bucket, key] = [String(code['S3Bucket']), String(code['S3Key'])];
  return [...readObject(bucket, key, false), ...readObject(bucket, key, true)];
}
