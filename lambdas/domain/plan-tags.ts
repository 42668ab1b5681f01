/**
 * Which tags to set and which of the ones seen nobody wishes any more. Pure. AWS's own (`aws:`) are left alone. Removals
 * come first: old and new together may be more than AWS takes.
 */
import type { Tags } from '../contract/tags.ts';

export type TagChange = { kind: 'set'; tags: Tags } | { kind: 'remove'; keys: string[] };

export function planTags(desired: Tags, observed: Tags): TagChange[] {
  const set = Object.fromEntries(Object.entries(desired).filter(([key, value]) => observed[key] !== value));
  const removed = Object.keys(observed).filter((key) => !Object.hasOwn(desired, key) && !key.startsWith('aws:'));
  return [
    ...(removed.length > 0 ? [{ kind: 'remove' as const, keys: removed }] : []),
    ...(Object.keys(set).length > 0 ? [{ kind: 'set' as const, tags: set }] : []),
  ];
}
