import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AwsSolutionsChecks } from 'cdk-nag';
import { describe, expect, it } from 'vitest';
import type { StageSettingsInput } from '../../lambdas/contract/settings.ts';
import { run } from '../../local/run.ts';
import { ensureVenv } from '../../local/venv.ts';
import { synthesized } from './synthesized.ts';

/** CDK writes a DependsOn beside every reference to a role; harmless. */
const redundantDependency = 'W3005';

const stages: [string, StageSettingsInput][] = [
  ['the defaults', {}],
  [
    'every choice the other way',
    {
      stage: 'prod',
      deletionProtection: true,
      dataOnDestroy: 'delete',
      reserveOwnConcurrency: false,
      sweepPeriodMinutes: 1,
      functions: ['worker', 'arn:aws:lambda:eu-central-1:123456789012:function:other:live'],
      defaultFunction: 'worker',
      validatorFunction: 'looks-at-jobs',
      inputBuckets: ['incoming'],
      webhookHosts: ['hooks.example.com'],
      apiBaseUrl: 'https://jobs.example.com',
      alarmTopicArn: 'arn:aws:sns:eu-central-1:123456789012:alarms',
    },
  ],
];

describe.each(stages)('a stage with %s', (_name, settings) => {
  it('has no finding of AwsSolutions that nobody gave a reason for', () => {
    const { app } = synthesized(settings);
    expect(new AwsSolutionsChecks(app).validateScope(app).violations).toEqual([]);
  });

  it('has no finding of cfn-lint', async () => {
    const venv = await ensureVenv();
    const folder = mkdtempSync(join(tmpdir(), 'sluice-lint-'));
    try {
      const file = join(folder, 'template.json');
      writeFileSync(file, JSON.stringify(synthesized(settings).template.toJSON()));
      const lint = await run(join(venv.folder, 'bin', 'cfn-lint'), ['--ignore-checks', redundantDependency, '--', file]);
      expect(lint.output.trim()).toBe('');
      expect(lint.code).toBe(0);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }, 180_000);
});
