/**
 * Reads a stage's settings: defaults, under a preset, under CDK context, under environment variables. Decides no default
 * and no bound: those are in `contract/settings.ts`.
 */
import type { Node } from 'constructs';
import type { z } from 'zod';
import type { SettingSources } from '../lambdas/contract/setting-facts.ts';
import { presets, type SettingSource, StageSettings } from '../lambdas/contract/settings.ts';
import { contextPrefix, type Environment, type Given, givenSettings, settingFields } from './given-settings.ts';

export interface ReadSettings {
  settings: StageSettings;
  sources: SettingSources;
}

/** @throws Error that names every context key and variable that is wrong, its value and the rule. */
export function readSettings(node: Node, environment: Environment = {}): ReadSettings {
  const given = givenSettings(node, environment);
  const read = Object.fromEntries([...given].map(([name, { value }]) => [name, value]));
  const preset = Object.entries(presets).find(([name]) => name === read['preset'])?.[1] ?? {};
  const parsed = StageSettings.safeParse({ ...preset, ...read });
  if (parsed.success) return { settings: parsed.data, sources: sourcesOf(Object.keys(preset), given) };
  throw new Error(
    ['The settings of this stage are wrong:', ...parsed.error.issues.flatMap((issue) => sentences(issue, given, read))].join('\n  '),
  );
}

const sourcesOf = (ofPreset: string[], given: ReadonlyMap<string, Given>): SettingSources =>
  Object.fromEntries<SettingSource>([
    ...ofPreset.map((name) => [name, 'preset'] as const),
    ...[...given].map(([name, { source }]) => [name, source] as const),
  ]);

function sentences(issue: z.core.$ZodIssue, given: ReadonlyMap<string, Given>, read: unknown): string[] {
  if (issue.code === 'unrecognized_keys' && issue.path.length === 0) {
    return issue.keys.map((key) => `${contextPrefix}${key}: there is no such setting; there are ${Object.keys(settingFields).join(', ')}`);
  }
  const [name = '', ...inside] = issue.path.map(String);
  const where = [given.get(name)?.key ?? name, ...inside].join('.');
  if (issue.code === 'invalid_key') {
    return issue.issues.map(({ message }) => `${where}: the name ${message} (got ${JSON.stringify(inside.at(-1))})`);
  }
  // A setting as it was given; a part of one, given as JSON or as a list, as it was read.
  const value = inside.length === 0 ? given.get(name)?.text : issue.path.reduce(partOf, read);
  return [`${where}: ${issue.message} (got ${JSON.stringify(value)})`];
}

const partOf = (whole: unknown, key: PropertyKey): unknown =>
  typeof whole === 'object' && whole !== null ? Object.entries(whole).find(([name]) => name === String(key))?.[1] : undefined;
