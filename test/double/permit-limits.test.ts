/** A deploy's permits in the tasks table: set, changed and forgotten, whatever consumers have written beside them. */
import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { afterEach, expect, it, vi } from 'vitest';
import { permitKey } from '../../lambdas/contract/task-table.ts';
import { createPermitLimits } from '../../lambdas/permit-limits/set-limits.ts';
import { AwsError } from './aws/errors.ts';
import { OwnStage, stageNames } from './own-stage.ts';
import { RunningFunction } from './platform.ts';
import { standIn } from './stage-steps.ts';

afterEach(() => {
  vi.unstubAllGlobals();
});

type Limits = Record<string, number>;
type Answer = Record<string, string>;

const propertiesOf = (limits: Limits) => ({ Permits: Object.entries(limits).map(([Name, limit]) => ({ Name, Limit: String(limit) })) });

/** Hands CloudFormation's request to the function and waits for what it is told. */
async function request(stage: OwnStage, RequestType: string, limits: Limits, before: Limits = {}): Promise<Answer | undefined> {
  let answer: Answer | undefined;
  vi.stubGlobal('fetch', (_url: string, { body }: { body: string }) => {
    answer = JSON.parse(body);
    return Promise.resolve({ ok: true, status: 200 });
  });
  const target = new RunningFunction(stage.aws, {
    name: 'permitLimits',
    timeoutSeconds: 60,
    coldStart: (caller) => createPermitLimits(stage.servicesFor(caller)),
  });
  void target.invoke({
    RequestType,
    ResponseURL: 'https://answers.example/',
    StackId: 'stack',
    RequestId: 'request',
    LogicalResourceId: 'Permits',
    ResourceProperties: propertiesOf(limits),
    ...(RequestType === 'Update' ? { OldResourceProperties: propertiesOf(before) } : {}),
  });
  await stage.runUntil(() => answer !== undefined, 60_000);
  return answer;
}

const stateOf = (stage: OwnStage, name: string) => stage.aws.dynamodb.read(stageNames.tasks, { pk: permitKey(name), sk: 'state' });
const held = { version: 7, holders: ['task-1'] };
const hold = (stage: OwnStage, name: string) =>
  stage.aws.dynamodb.put(stageNames.tasks, { ...stateOf(stage, name), pk: permitKey(name), sk: 'state', ...held });

it('sets what a new stage has', async () => {
  const stage = new OwnStage({ deaf: true });
  expect(await request(stage, 'Create', { gpu: 2, printer: 0 })).toMatchObject({
    Status: 'SUCCESS',
    PhysicalResourceId: 'sluice-test-permits',
    StackId: 'stack',
    RequestId: 'request',
    LogicalResourceId: 'Permits',
  });
  expect([stateOf(stage, 'gpu')?.['limit'], stateOf(stage, 'printer')?.['limit']]).toEqual([2, 0]);
});

it('changes a limit and leaves who holds it; a second time changes nothing', async () => {
  const stage = new OwnStage({ deaf: true, stage: { permits: { gpu: 2 } } });
  hold(stage, 'gpu');
  for (const _time of [1, 2]) {
    expect(await request(stage, 'Update', { gpu: 5 }, { gpu: 2 })).toMatchObject({ Status: 'SUCCESS' });
    expect(stateOf(stage, 'gpu')).toEqual({ pk: 'permit#gpu', sk: 'state', limit: 5, ...held });
  }
});

it('forgets what is in the settings no more, and leaves what somebody set by hand', async () => {
  const stage = new OwnStage({ deaf: true, stage: { permits: { gpu: 2, printer: 1, byHand: 3 } } });
  hold(stage, 'printer');
  expect(await request(stage, 'Update', { gpu: 2 }, { gpu: 2, printer: 1 })).toMatchObject({ Status: 'SUCCESS' });
  expect(stateOf(stage, 'printer')).toEqual({ pk: 'permit#printer', sk: 'state', ...held });
  expect(stateOf(stage, 'byHand')?.['limit']).toBe(3);
});

it('leaves everything when the resource goes', async () => {
  const stage = new OwnStage({ deaf: true, stage: { permits: { gpu: 2 } } });
  expect(await request(stage, 'Delete', { gpu: 2 })).toMatchObject({ Status: 'SUCCESS' });
  expect(stateOf(stage, 'gpu')?.['limit']).toBe(2);
});

it('says what it was refused, and by whom', async () => {
  const stage = new OwnStage({ deaf: true });
  standIn(stage.aws.dynamodb.operations, UpdateCommand, () => {
    throw new AwsError('AccessDeniedException', 'not authorized to perform: dynamodb:UpdateItem', 400);
  });
  expect(await request(stage, 'Create', { gpu: 2 })).toMatchObject({
    Status: 'FAILED',
    Reason: 'UpdateItem permit gpu: AccessDeniedException: not authorized to perform: dynamodb:UpdateItem',
  });
});

it('says what is wrong with a permit, and sets none', async () => {
  const stage = new OwnStage({ deaf: true });
  expect(await request(stage, 'Create', { gpu: 2, printer: -1 })).toMatchObject({
    Status: 'FAILED',
    Reason: 'permits: ResourceProperties.Permits.1.Limit: must be a whole number (got "-1")',
  });
  expect(stateOf(stage, 'gpu')).toBeUndefined();
});
