/** What a request of CloudFormation's asks to be set and forgotten. Pure. */
import { z } from 'zod';
import { PermitLimit, PermitName } from '../contract/settings.ts';

/** CloudFormation hands over numbers as text. */
const Limit = z.coerce
  .string()
  .regex(/^\d{1,9}$/, 'must be a whole number')
  .transform(Number)
  .pipe(PermitLimit);

/** Absent where the setting is empty. */
const Properties = z.object({ Permits: z.array(z.object({ Name: PermitName, Limit })).default([]) });

/** Only names count of what was there before, and not even they must be right: a rollback brings back what was refused. */
const OldProperties = z.object({ Permits: z.array(z.object({ Name: z.string() })) }).catch({ Permits: [] });

const Request = z.discriminatedUnion('RequestType', [
  z.object({ RequestType: z.literal('Create'), ResourceProperties: Properties }),
  z.object({ RequestType: z.literal('Update'), ResourceProperties: Properties, OldResourceProperties: OldProperties }),
  // The table goes with the stack.
  z.object({ RequestType: z.literal('Delete') }),
]);

export interface LimitChanges {
  set: { name: string; limit: number }[];
  forget: string[];
}

/** @throws Error that names every property that is wrong, its value and the rule. */
export function limitChanges(event: unknown): LimitChanges {
  const parsed = Request.safeParse(event);
  if (!parsed.success) {
    throw new Error(`permits: ${parsed.error.issues.map((issue) => sentence(issue, event)).join('; ')}`);
  }
  const request = parsed.data;
  if (request.RequestType === 'Delete') return { set: [], forget: [] };
  const set = request.ResourceProperties.Permits.map(({ Name, Limit: limit }) => ({ name: Name, limit }));
  const before = request.RequestType === 'Update' ? request.OldResourceProperties.Permits : [];
  return { set, forget: before.map(({ Name }) => Name).filter((old) => !set.some(({ name }) => name === old)) };
}

function sentence({ path, message }: z.core.$ZodIssue, event: unknown): string {
  const value = path.reduce<unknown>(
    (whole, key) => (typeof whole === 'object' && whole !== null ? Reflect.get(whole, key) : undefined),
    event,
  );
  return `${path.join('.')}: ${message}${value === undefined ? '' : ` (got ${JSON.stringify(value)})`}`;
}
