import { describe, expect, it } from 'vitest';
import { type Resource, synthesized, theOne } from './synthesized.ts';

const { resources } = synthesized({ dataOnDestroy: 'delete' });
const [cleanup] = theOne(resources, 'Custom::SluicePipelines', 'StackCleaner');

/** CloudFormation deletes a resource before what it depends on, by DependsOn or by reference. */
function standsOn(id: string, seen = new Set<string>()): Set<string> {
  const resource = resources[id] as Resource;
  for (const next of [...(resource.DependsOn ?? []), ...references(resource.Properties)]) {
    if (next in resources && !seen.has(next)) standsOn(next, seen.add(next));
  }
  return seen;
}

function references(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    if (key === 'Ref') return [String(inner)];
    if (key === 'Fn::GetAtt') return [String((inner as unknown[])[0])];
    return references(inner);
  });
}

describe('the removal of the pipelines when the stack is destroyed', () => {
  it('comes before the deletion of everything but the alarms', () => {
    const kept = standsOn(cleanup).add(cleanup);
    const mayGoFirst = Object.entries(resources).filter(([id, { Type }]) => !kept.has(id) && Type !== 'AWS::CDK::Metadata');
    expect(new Set(mayGoFirst.map(([, { Type }]) => Type))).toEqual(new Set(['AWS::CloudWatch::Alarm']));
  });

  it('waits for nothing: no other resource needs it', () => {
    const needing = Object.keys(resources).filter((id) => id !== cleanup && standsOn(id).has(cleanup));
    expect(needing).toEqual([]);
  });

  it('may take as long as CloudFormation allows', () => {
    expect(resources[cleanup]?.Properties).toMatchObject({ ServiceTimeout: '3600' });
  });
});

describe('what cdk destroy keeps', () => {
  const policies = (settings: Parameters<typeof synthesized>[0]) => {
    const stage = synthesized(settings).resources;
    return [
      theOne(stage, 'AWS::DynamoDB::GlobalTable', 'Config'),
      theOne(stage, 'AWS::S3::Bucket', 'Code'),
      theOne(stage, 'AWS::S3::Bucket', 'Data'),
      theOne(stage, 'AWS::Logs::LogGroup', 'Consumers'),
    ].map(([, { DeletionPolicy }]) => DeletionPolicy);
  };

  it('is the config, the code, saved dead letters and the consumers’ log by default', () => {
    expect(policies({})).toEqual(['Retain', 'Retain', 'Retain', 'Retain']);
  });

  it('is nothing with dataOnDestroy=delete', () => {
    expect(policies({ dataOnDestroy: 'delete' })).toEqual(['Delete', 'Delete', 'Delete', 'Delete']);
  });

  it('is none of the state, which is worthless without the stack', () => {
    const state = Object.entries(synthesized().resources).filter(
      ([id, { Type }]) => id.startsWith('State') && Type === 'AWS::DynamoDB::GlobalTable',
    );
    expect(state.map(([, { DeletionPolicy }]) => DeletionPolicy)).toEqual(['Delete', 'Delete', 'Delete', 'Delete']);
  });
});
