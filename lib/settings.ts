/**
 * Reads a stage's settings from CDK context: `-c sluice:<name>=<value>`, or the same key in cdk.json. Decides no default
 * and no bound: those are in `contract/settings.ts`.
 */
import type { Node } from 'constructs';
import type { z } from 'zod';
import { StageSettings } from '../lambdas/contract/settings.ts';

const contextPrefix = 'sluice:';
const fields: Record<string, z.ZodType> = StageSettings.in.shape;

/** @throws Error that names every context key that is wrong, its value and the rule. */
export function readSettings(node: Node): StageSettings {
  const given = contextValues(node);
  const read = Object.fromEntries(Object.entries(given).map(([name, value]) => [name, coerced(name, value)]));
  const parsed = StageSettings.safeParse(read);
  if (parsed.success) return parsed.data;
  throw new Error(
    ['The settings of this stage are wrong:', ...parsed.error.issues.flatMap((issue) => sentences(issue, given, read))].join('\n  '),
  );
}

function contextValues(node: Node): Record<string, unknown> {
  const context = Object.entries<unknown>(node.getAllContext()).filter(([key]) => key.startsWith(contextPrefix));
  return Object.fromEntries(context.map(([key, value]) => [key.slice(contextPrefix.length), value]));
}

/** `-c` gives text only: where the setting does not take the text itself, it is read as JSON. */
function coerced(name: string, value: unknown): unknown {
  const field = fields[name];
  if (typeof value !== 'string' || field === undefined || field.safeParse(value).success) return value;
  try {
    const read: unknown = JSON.parse(value);
    // A text setting that breaks its rule is told the rule, not that it is no number.
    return typeof read === 'object' || field.safeParse(read).success || !field.safeParse('a'.repeat(3)).success ? read : value;
  } catch {
    return value;
  }
}

function sentences(issue: z.core.$ZodIssue, given: Record<string, unknown>, read: unknown): string[] {
  if (issue.code === 'unrecognized_keys' && issue.path.length === 0) {
    return issue.keys.map((key) => `${contextPrefix}${key}: there is no such setting; there are ${Object.keys(fields).join(', ')}`);
  }
  const [name, ...inside] = issue.path.map(String);
  const where = [`${contextPrefix}${name}`, ...inside].join('.');
  if (issue.code === 'invalid_key') {
    return issue.issues.map(({ message }) => `${where}: the name ${message} (got ${JSON.stringify(inside.at(-1))})`);
  }
  // A setting as it was given; a part of one, given as JSON, as it was read.
  const value = inside.length === 0 ? given[name ?? ''] : issue.path.reduce(partOf, read);
  return [`${where}: ${issue.message} (got ${JSON.stringify(value)})`];
}

const partOf = (whole: unknown, key: PropertyKey): unknown =>
  typeof whole === 'object' && whole !== null ? Object.entries(whole).find(([name]) => name === String(key))?.[1] : undefined;
