/**
 * Tags that say whose a resource is. Nothing without `sluice:prefix` = our prefix is ever changed or deleted.
 */
import { tagLimits } from './limits.ts';

export const tagKeys = { prefix: 'sluice:prefix', taskGroup: 'sluice:task-group' } as const;

/** Tag keys an item may not use. */
export const reservedTagPrefixes = ['aws:', 'sluice:'] as const;

/** Characters every AWS service takes in a tag (https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html). */
export const tagTextPattern = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;

export type Tags = Record<string, string>;

/** The tags of everything made for `taskGroup`, the item's own under ours. */
export function pipelineTags(prefix: string, taskGroup: string, userTags: Tags = {}): Tags {
  const group = encodeTagValue(taskGroup);
  return {
    ...userTags,
    [tagKeys.prefix]: prefix,
    ...(group.length <= tagLimits.valueCharacters ? { [tagKeys.taskGroup]: group } : {}),
  };
}

export const isOurs = (prefix: string, tags: Tags | undefined) => tags?.[tagKeys.prefix] === prefix;

/** The task group a resource was made for, where its name was short enough for a tag. */
export function taskGroupOf(tags: Tags): string | undefined {
  const value = tags[tagKeys.taskGroup];
  return value === undefined ? undefined : decodeTagValue(value);
}

/** Percent-encoding with `=` for `%`, as a tag takes no `%`; what a tag takes anyway stays readable. */
function encodeTagValue(text: string): string {
  return [...text].map((c) => (/^[\p{L}\p{N}_.:/+\-@ ]$/u.test(c) ? c : percentEncoded(c))).join('');
}

function percentEncoded(character: string): string {
  return [...new TextEncoder().encode(character)].map((byte) => `=${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('');
}

function decodeTagValue(value: string): string {
  const bytes: number[] = [];
  for (let i = 0; i < value.length; ) {
    const escaped = /^=([0-9A-F]{2})/.exec(value.slice(i, i + 3));
    if (escaped) {
      bytes.push(Number.parseInt(escaped[1] as string, 16));
      i += 3;
    } else {
      const character = String.fromCodePoint(value.codePointAt(i) as number);
      bytes.push(...new TextEncoder().encode(character));
      i += character.length;
    }
  }
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(new Uint8Array(bytes));
}
