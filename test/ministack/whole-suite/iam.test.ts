/**
 * Every call our functions made in the whole suite, with all that AWS asks for it, against the policies of the deployed
 * template; and what those allow and nobody needed. Runs last, on the record of the other files.
 */
import { runSimulation } from '@cloud-copilot/iam-simulate';
import { expect, test } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { type Needed, neededFor } from '../../support/needed-permissions.ts';
import { callsOfSuite } from '../../support/recorded-calls.ts';
import { allRecords, isThrough, recordsOfAll } from '../../support/records.ts';
import { type KnownRole, knownRoles, policiesOf } from '../../support/role-policies.ts';
import { stage } from '../../support/shared-stage.ts';

/** What ran by itself needs no more than it needs. */
const isWhole = allRecords !== undefined;
await eventually('the suite beside this one is through', async () => isThrough('ministack-beside'), 600);
/** By suite. */
const rolesOf = new Map(recordsOfAll(stage.records).map((records) => [records, knownRoles(records)]));
const roles = [...rolesOf.values()].flat();
/** `sluice-test-PipelineReconcilerFunction4FD…` → `PipelineReconciler`. */
const shortName = ({ functionName }: KnownRole) => /-([A-Za-z]+?)Function[0-9A-F]+-/.exec(functionName)?.[1] ?? functionName;

interface Demand extends Needed {
  role: KnownRole;
}

function recordedDemands(): Demand[] {
  const demands = new Map<string, Demand>();
  for (const [records, known] of rolesOf) {
    const roleByKey = new Map(known.map((role) => [role.accessKey, role]));
    for (const call of callsOfSuite(records)) {
      const role = roleByKey.get(call.accessKey);
      if (!role) continue;
      for (const needed of neededFor(call, role)) {
        const demand = { role, ...needed };
        demands.set(JSON.stringify([records, role.functionName, needed]), demand);
      }
    }
  }
  return [...demands.values()];
}

/** What Lambda does with a function's role by itself, so that no call of ours shows it: mappings' polling, logs, what failed. */
const polling = ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'];
const byLambdaItself: Record<string, string[]> = {
  StreamListener: [
    'dynamodb:DescribeStream',
    'dynamodb:GetRecords',
    'dynamodb:GetShardIterator',
    'dynamodb:ListStreams',
    'sqs:SendMessage',
  ],
  PipelineReconciler: polling,
  StackCleaner: polling,
  CodeUpdater: ['sqs:SendMessage'],
  PipelineSweeper: ['sqs:SendMessage'],
  PermitLimits: ['sqs:SendMessage'],
  DeadLetterKeeper: ['sqs:SendMessage'],
  JobsApi: [],
  JobsWait: [],
  JobsIntake: polling,
  JobsDispatcher: polling,
  JobsProgress: polling,
  JobsResults: polling,
  JobsNotifier: polling,
  JobsSweeper: ['sqs:SendMessage'],
  JobsScheduler: polling,
  JobsValidator: polling,
};
const everybodysLog = ['logs:CreateLogStream', 'logs:PutLogEvents'];

const withFailures = 'CDK grants it together with sqs:SendMessage, to the queue of what failed';
const withPolling = 'CDK grants it together with sqs:ReceiveMessage, to the queue that is polled';
const whatIsMissing = 'without it S3 answers "access denied" for a key that is not there, which no test gets that far with';

/** Allowed and not seen in the suite, each with its reason. */
const allowedForAReason: Record<string, string> = {
  'CodeUpdater sqs:GetQueueAttributes': withFailures,
  'CodeUpdater sqs:GetQueueUrl': withFailures,
  ...Object.fromEntries(
    ['JobsDispatcher', 'JobsIntake', 'JobsNotifier', 'JobsProgress', 'JobsResults', 'JobsScheduler', 'JobsValidator'].flatMap((name) => [
      [`${name} sqs:GetQueueUrl`, withPolling],
      [`${name} sqs:ChangeMessageVisibility`, withPolling],
    ]),
  ),
  'JobsApi s3:GetObjectVersion': 'a job may name a version of an object',
  'JobsApi s3:ListBucket': whatIsMissing,
  'JobsDispatcher s3:ListBucket': whatIsMissing,
  'JobsIntake dynamodb:Query': 'it looks its job over only where a reader died before it',
  'JobsIntake s3:GetObjectVersion': 'a job may name a version of an object',
  'JobsIntake s3:ListBucket': whatIsMissing,
  'JobsIntake s3:AbortMultipartUpload': 'only of a large job that is cancelled while its file is read',
  'JobsResults s3:ListBucket': whatIsMissing,
  'JobsResults s3:AbortMultipartUpload': 'only of a large job that is tried again while its file is written',
  'JobsScheduler s3:ListBucket': whatIsMissing,
  'JobsSweeper dynamodb:UpdateItem': 'it warns of groups that wait, and hints again at events that nobody delivered',
  'JobsSweeper s3:GetObject': 'files are renewed after half of the retention, which is 15 days away',
  'JobsSweeper s3:PutObject': 'files are renewed after half of the retention, which is 15 days away',
  'JobsSweeper s3:ListBucket': whatIsMissing,
  'JobsSweeper sqs:GetQueueAttributes': withFailures,
  'JobsSweeper sqs:GetQueueUrl': withFailures,
  'DeadLetterKeeper s3:PutObject': 'it saves letters near the end of their retention, which is twelve days away',
  'DeadLetterKeeper sqs:GetQueueUrl': withFailures,
  'PermitLimits sqs:GetQueueAttributes': withFailures,
  'PermitLimits sqs:GetQueueUrl': withFailures,
  'PipelineSweeper sqs:GetQueueUrl': withFailures,
  'StreamListener sqs:GetQueueAttributes': withFailures,
  'StreamListener sqs:GetQueueUrl': withFailures,
  'CodeUpdater s3:ListBucket': whatIsMissing,
  'PipelineReconciler s3:ListBucket': whatIsMissing,
  'PipelineSweeper s3:ListBucket': whatIsMissing,
  'PipelineSweeper sqs:ListQueueTags': 'asked of queues that no row knows, which are rare',
  'StackCleaner dynamodb:DeleteItem': 'a destroy that gives up takes its mark back; that takes it an hour',
};

async function isAllowed({ role, action, resource, context = {} }: Demand): Promise<string> {
  const answer = await runSimulation(
    {
      request: { principal: role.roleArn, action, resource: { resource, accountId: role.account }, contextVariables: context },
      identityPolicies: role.policies,
      serviceControlPolicies: [],
      resourceControlPolicies: [],
    },
    {},
  );
  return answer.resultType === 'error' ? `error ${JSON.stringify(answer.errors)}` : answer.overallResult;
}

const demands = recordedDemands();

test('every call of the suite is allowed by the template, with all it depends on', async () => {
  expect(demands.length).toBeGreaterThan(50);
  const verdicts = await Promise.all(demands.map(async (demand) => ({ demand, verdict: await isAllowed(demand) })));
  const denied = verdicts
    .filter(({ verdict }) => verdict !== 'Allowed')
    .map(({ demand, verdict }) => `${shortName(demand.role)}: ${demand.action} on ${demand.resource}: ${verdict}`);
  expect(denied).toEqual([]);
});

test.skipIf(!isWhole)('the calls of every one of our functions are on record', () => {
  expect(new Set(demands.map(({ role }) => shortName(role)))).toEqual(new Set(Object.keys(byLambdaItself)));
});

test.skipIf(!isWhole)('nothing is allowed that nobody needs, but for a reason', () => {
  const used = new Set(demands.map(({ role, action }) => `${shortName(role)} ${action}`));
  for (const [name, actions] of Object.entries(byLambdaItself))
    for (const action of [...actions, ...everybodysLog]) used.add(`${name} ${action}`);
  const allowed = new Set(
    roles.flatMap((role) =>
      role.policies.flatMap(({ policy }) =>
        policy.Statement.filter(({ Effect }) => Effect === 'Allow').flatMap(({ Action }) =>
          [Action].flat().map((action) => `${shortName(role)} ${action}`),
        ),
      ),
    ),
  );
  const unexplained = [...allowed].filter((grant) => !used.has(grant) && !Object.hasOwn(allowedForAReason, grant));
  expect(unexplained.toSorted()).toEqual([]);
  expect(Object.keys(allowedForAReason).filter((grant) => !allowed.has(grant))).toEqual([]);
});

/** What the stream listener sends its hints to; no output names that queue. */
function changesQueueArn(): string {
  const own = rolesOf.get(stage.records) ?? [];
  const listener = own.find((role) => role.account === stage.account && shortName(role) === 'StreamListener');
  const statements = listener?.policies.flatMap(({ policy }) => policy.Statement) ?? [];
  return String([statements.find(({ Sid }) => Sid === 'SendHints')?.Resource].flat()[0]);
}

test("a consumer may do what its mapping and the library need, on its stage's own queues and secrets alone", async () => {
  const roleName = stage.outputs.ConsumerRoleArn.split('/').at(-1) as string;
  const role: KnownRole = {
    functionName: 'consumer',
    roleArn: stage.outputs.ConsumerRoleArn,
    accessKey: '',
    account: stage.account,
    policies: await policiesOf(stage, roleName),
  };
  const arn = (service: string, resource: string) => `arn:aws:${service}:${stage.region}:${stage.account}:${resource}`;
  const queue = arn('sqs', `${stage.outputs.Prefix}-tg-a-abcdefghij`);
  const tasks = arn('dynamodb', `table/${stage.outputs.TasksTableName}`);
  const data = `arn:aws:s3:::${stage.outputs.DataBucketName}`;
  const changes = changesQueueArn();
  const may: Needed[] = [
    ...['GetItem', 'Query', 'PutItem', 'UpdateItem', 'DeleteItem'].map((name) => ({ action: `dynamodb:${name}`, resource: tasks })),
    ...['GetObject', 'PutObject'].map((name) => ({ action: `s3:${name}`, resource: `${data}/steps/a/b` })),
    { action: 'sqs:SendMessage', resource: changes },
    { action: 'sqs:SendMessage', resource: arn('sqs', stage.outputs.ReportsQueueUrl.split('/').at(-1) as string) },
    { action: 's3:PutObject', resource: `${data}/results/a/1.json` },
    ...['ReceiveMessage', 'DeleteMessage', 'GetQueueAttributes', 'ChangeMessageVisibility', 'GetQueueUrl'].map((name) => ({
      action: `sqs:${name}`,
      resource: queue,
    })),
    { action: 'sqs:SendMessage', resource: `${queue}-dlq` },
    { action: 'ssm:GetParameter', resource: arn('ssm', `parameter${stage.outputs.SecretsPath}key`) },
    { action: 'secretsmanager:GetSecretValue', resource: arn('secretsmanager', `secret:${stage.outputs.Prefix}/key-AbCdEf`) },
    { action: 'logs:PutLogEvents', resource: arn('logs', `log-group:${stage.outputs.ConsumerLogGroupName}:log-stream:x`) },
  ];
  const mayNot: Needed[] = [
    { action: 'sqs:SendMessage', resource: queue },
    { action: 'sqs:ReceiveMessage', resource: arn('sqs', 'somebody-elses') },
    { action: 'sqs:ReceiveMessage', resource: changes },
    { action: 's3:GetObject', resource: `${data}/dead-letters/a` },
    { action: 's3:GetObject', resource: `${data}/results/a/1.json` },
    { action: 'dynamodb:GetItem', resource: arn('dynamodb', `table/${stage.outputs.JobsTableName}`) },
    { action: 's3:GetObject', resource: `arn:aws:s3:::${stage.outputs.CodeBucketName}/consumer.zip` },
    { action: 'ssm:GetParameter', resource: arn('ssm', 'parameter/other/key') },
    { action: 'dynamodb:GetItem', resource: arn('dynamodb', `table/${stage.outputs.ConfigTableName}`) },
    { action: 'lambda:UpdateFunctionCode', resource: arn('lambda', `function:${stage.outputs.Prefix}-tg-a-abcdefghij`) },
  ];
  for (const needed of may) expect(await isAllowed({ role, ...needed }), needed.action).toBe('Allowed');
  for (const needed of mayNot) expect(await isAllowed({ role, ...needed }), needed.action).not.toBe('Allowed');
});
