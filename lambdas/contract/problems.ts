/**
 * Turns zod's issues into sentences a user can act on: path, rule, value. Values under `secrets` and
 * `function.environment` are never repeated, as somebody may have pasted a secret there.
 */
import type { z } from 'zod';

export function problemsOf(error: z.ZodError, input: unknown): string[] {
  return error.issues.flatMap((issue) => problemsOfIssue(issue as z.core.$ZodIssue, input));
}

function problemsOfIssue(issue: z.core.$ZodIssue, input: unknown): string[] {
  const path = pathText(issue.path);
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => `${path ? `${path}.` : ''}${key}: unknown field`);
  }
  if (issue.code === 'invalid_key') return issue.issues.map((inner) => `${path}: the name ${inner.message}`);
  return [`${path || 'item'}: ${issue.message}${valueText(issue.path, input)}`];
}

const pathText = (path: PropertyKey[]) => path.map(String).join('.');

function valueText(path: PropertyKey[], input: unknown): string {
  if (path[0] === 'secrets' || path[1] === 'environment') return '';
  const value = path.reduce<unknown>((inner, key) => (inner as Record<PropertyKey, unknown> | undefined)?.[key], input);
  if (value === undefined || path.length === 0) return '';
  const text = JSON.stringify(value) ?? String(value);
  return ` (got ${text.length > 80 ? `${text.slice(0, 77)}...` : text})`;
}
