import { App } from 'aws-cdk-lib';
import { describe, expect, it } from 'vitest';
import { readSettings } from '../../lib/settings.ts';

const read = (context: Record<string, unknown>) => readSettings(new App({ context }).node).settings;

describe('the settings of a stage, from CDK context', () => {
  it.each([
    ['nothing given', {}, { stage: 'dev', prefix: 'sluice-dev', sweepPeriodMinutes: 15, reserveOwnConcurrency: true }],
    ['a text', { 'sluice:stage': 'prod' }, { stage: 'prod', prefix: 'sluice-prod' }],
    ['a number as text', { 'sluice:sweepPeriodMinutes': '5' }, { sweepPeriodMinutes: 5 }],
    ['a fraction as text', { 'sluice:controlPlaneBudgetPerSecond': '2.5' }, { controlPlaneBudgetPerSecond: 2.5 }],
    ['a number', { 'sluice:logRetentionDays': 7 }, { logRetentionDays: 7 }],
    ['a choice of numbers as text', { 'sluice:logRetentionDays': '7' }, { logRetentionDays: 7 }],
    ['a boolean as text', { 'sluice:reserveOwnConcurrency': 'false' }, { reserveOwnConcurrency: false }],
    ['an object as JSON', { 'sluice:reconcilers': '{"changes":8}' }, { reconcilers: { changes: 8, rollouts: 3, sweeps: 2 } }],
    ['an object', { 'sluice:reconcilers': { sweeps: 4 } }, { reconcilers: { changes: 4, rollouts: 3, sweeps: 4 } }],
    ['permits as JSON', { 'sluice:permits': '{"gpu":2,"printer.a-b_c":0}' }, { permits: { gpu: 2, 'printer.a-b_c': 0 } }],
    ['permits called like what every object has', { 'sluice:permits': '{"constructor":1}' }, { permits: { constructor: 1 } }],
    ['permits', { 'sluice:permits': { gpu: 2 } }, { permits: { gpu: 2 } }],
    ['others’ context', { 'aws:cdk:x': '1', other: '2' }, { stage: 'dev' }],
  ])('%s', (_name, context, expected) => {
    expect(read(context)).toMatchObject(expected);
  });

  it.each([
    ['out of bounds', { 'sluice:sweepPeriodMinutes': '0' }, ['sluice:sweepPeriodMinutes: ', '>=1', '(got "0")']],
    ['not a number', { 'sluice:controlPlaneBudgetPerSecond': 'fast' }, ['sluice:controlPlaneBudgetPerSecond: ', 'number', '(got "fast")']],
    ['not a choice', { 'sluice:pipelinesOnDestroy': 'keep' }, ['sluice:pipelinesOnDestroy: ', '"drain"|"discard"', '(got "keep")']],
    ['a text against its rule', { 'sluice:stage': '1' }, ['sluice:stage: ', 'must be 1-12 lower-case letters and digits', '(got "1")']],
    ['inside an object', { 'sluice:reconcilers': '{"changes":1}' }, ['sluice:reconcilers.changes: ', '>=2', '(got 1)']],
    ['a permit below nothing', { 'sluice:permits': '{"gpu":-1}' }, ['sluice:permits.gpu: ', '>=0', '(got -1)']],
    ['a permit above the bound', { 'sluice:permits': '{"gpu":1001}' }, ['sluice:permits.gpu: ', '<=1000', '(got 1001)']],
    ['half a permit', { 'sluice:permits': '{"gpu":1.5}' }, ['sluice:permits.gpu: ', 'int', '(got 1.5)']],
    ['a permit as text', { 'sluice:permits': '{"gpu":"2"}' }, ['sluice:permits.gpu: ', 'number', '(got "2")']],
    [
      'a wrong name of a permit',
      { 'sluice:permits': '{"1gpu":1}' },
      ['sluice:permits.1gpu: the name must be 1-64', 'a letter first (got "1gpu")'],
    ],
    ['permits that are no map', { 'sluice:permits': 'gpu' }, ['sluice:permits: ', 'record', '(got "gpu")']],
    ['a list of permits', { 'sluice:permits': '["gpu"]' }, ['sluice:permits: ', 'record', '(got "[\\"gpu\\"]")']],
    ['broken JSON', { 'sluice:reconcilers': '{"changes":' }, ['sluice:reconcilers: ', 'object', '{\\"changes\\":']],
    ['not an ARN', { 'sluice:alarmTopicArn': 'mail me' }, ['sluice:alarmTopicArn: must be the ARN of an SNS topic (got "mail me")']],
    ['no such setting', { 'sluice:dataOnDestry': 'delete' }, ['sluice:dataOnDestry: there is no such setting', 'dataOnDestroy']],
    ['two at once', { 'sluice:stage': 'PROD', 'sluice:logLevel': 'LOUD' }, ['sluice:stage: ', 'sluice:logLevel: ']],
  ])('%s is refused with key, rule and value', (_name, context, texts) => {
    let message = '';
    try {
      read(context);
    } catch (error) {
      message = String(error);
    }
    for (const text of texts) expect(message).toContain(text);
  });
});
