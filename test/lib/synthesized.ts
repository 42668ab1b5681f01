/** A stage's template as CDK makes it, without bundling the functions, which the templates do not show. */
import { readFileSync } from 'node:fs';
import { App, type Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import type { StageSettingsInput } from '../../lambdas/contract/settings.ts';
import { readSettings } from '../../lib/settings.ts';
import { SluiceStack } from '../../lib/sluice-stack.ts';

/** CDK's feature flags, as the CLI hands them to the app. */
const flags = (JSON.parse(readFileSync('cdk.json', 'utf8')) as { context: Record<string, unknown> }).context;

export interface Resource {
  Type: string;
  Properties: Record<string, unknown>;
  DependsOn?: string[];
  DeletionPolicy?: string;
}

export interface Synthesized {
  app: App;
  stack: Stack;
  template: Template;
  resources: Record<string, Resource>;
}

export function synthesized(settings: StageSettingsInput = {}): Synthesized {
  const context = Object.fromEntries(Object.entries(settings).map(([name, value]) => [`sluice:${name}`, value]));
  const app = new App({ context: { ...flags, ...context, 'aws:cdk:bundling-stacks': [] } });
  const read = readSettings(app.node);
  const stack = new SluiceStack(app, read.settings.prefix, read);
  const template = Template.fromStack(stack);
  return { app, stack, template, resources: template.toJSON()['Resources'] as Record<string, Resource> };
}

/** The one resource of `type` whose logical id starts with `start`. */
export function theOne(resources: Record<string, Resource>, type: string, start: string): [id: string, resource: Resource] {
  const found = Object.entries(resources).filter(([id, resource]) => resource.Type === type && id.startsWith(start));
  if (found.length !== 1 || found[0] === undefined) throw new Error(`${found.length} of ${type} start with ${start}`);
  return found[0];
}
