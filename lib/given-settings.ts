/** What whoever deploys has said of the settings: `-c sluice:<name>=<value>`, the same key in cdk.json, or an environment variable. */
import type { Node } from 'constructs';
import type { z } from 'zod';
import { settingFacts } from '../lambdas/contract/setting-facts.ts';
import { type SettingSource, StageSettings } from '../lambdas/contract/settings.ts';

export const contextPrefix = 'sluice:';
export const settingFields: Record<string, z.ZodType> = StageSettings.in.shape;

export type Environment = Record<string, string | undefined>;

export interface Given {
  source: SettingSource;
  /** The context key or the variable. */
  key: string;
  /** As it was given. */
  text: unknown;
  /** As it was read. */
  value: unknown;
}

/** By setting; a variable goes over context. */
export function givenSettings(node: Node, environment: Environment): Map<string, Given> {
  const context = Object.entries<unknown>(node.getAllContext()).filter(([key]) => key.startsWith(contextPrefix));
  const variables = Object.entries(settingFacts).map(([name, { variable }]) => [name, variable, environment[variable]] as const);
  return new Map([
    ...context.map(([key, text]) => entry('context', key.slice(contextPrefix.length), key, text)),
    // A variable that is empty is none: that is how a shell or a .env file takes one back.
    ...variables.filter(([, , text]) => text).map(([name, variable, text]) => entry('environment', name, variable, text)),
  ]);
}

const entry = (source: SettingSource, name: string, key: string, text: unknown): [string, Given] => [
  name,
  { source, key, text, value: readAs(settingFields[name], text) },
];

/** A variable and `-c` give text only: where the setting does not take the text itself, it is read as what the setting takes. */
function readAs(field: z.ZodType | undefined, text: unknown): unknown {
  const takes = (value: unknown) => field?.safeParse(value).success ?? false;
  if (typeof text !== 'string' || field === undefined || takes(text)) return text;
  if (takes(true) && /^(true|false)$/i.test(text)) return text.toLowerCase() === 'true';
  if (takes([]) && !text.trimStart().startsWith('[')) return listOf(text);
  try {
    const read: unknown = JSON.parse(text);
    // A text setting that breaks its rule is told the rule, not that it is no number.
    return typeof read === 'object' || takes(read) || !takes('a'.repeat(3)) ? read : text;
  } catch {
    return text;
  }
}

const listOf = (text: string) =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
