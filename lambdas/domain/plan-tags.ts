/** Which tags to set and which of the ones seen nobody wishes any more. Pure. AWS's own (`aws:`) are left alone. */
import type { Tags } from '../contract/tags.ts';

export type TagChange = { kind: 'set'; tags: Tags } | { kind: 'remove'; keys: string[] };

export function planTags(desired: Tags, observed: Tags): TagChange[] {
  const set = Object.fromEntries(Object.entries(desired).filter(([key, value]) => observed[key] !== value));
  const removed = Object.keys(observed).filter((key) => !(key in desired) && !key.startsWith('aws:'));
  return [
    ...(Object.keys(set).length > 0 ? [{ kind: 'set' as const, tags: set }] : []),
    ...(removed.length > 0 ? [{ kind: 'remove' as const, keys: removed }] : []),
  ];
}
