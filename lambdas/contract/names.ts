/**
 * Names of what exists for a task group, made from the group alone so that every look finds the same resources.
 * A name is `<prefix>-tg-<slug>-<hash>`: the slug for people, the hash to tell groups apart whose slugs are equal.
 */
import { createHash } from 'node:crypto';
import { lambdaLimits, queueLimits } from './limits.ts';

/** The item of the config table whose values every group inherits. */
export const defaultsGroup = '*';

const hashCharacters = 10;
const groupInfix = '-tg-';
const proofInfix = '-proof-';

export interface PipelineNames {
  function: string;
  queue: string;
  deadLetterQueue: string;
}

/** Names for `taskGroup`; a FIFO pipeline's queues have names of their own, so both kinds can exist during a replacement. */
export function pipelineNames(prefix: string, taskGroup: string, fifo: boolean): PipelineNames {
  const base = `${prefix}${groupInfix}${slug(taskGroup, slugRoom(prefix))}-${shortHash(taskGroup)}`;
  const suffix = fifo ? '.fifo' : '';
  return { function: base, queue: `${base}${suffix}`, deadLetterQueue: `${base}-dlq${suffix}` };
}

/** Name of the function that proves a release before pipelines get it. */
export function proofFunctionName(prefix: string, codeKey: string, version: string): string {
  return `${prefix}${proofInfix}${shortHash(`${codeKey}\n${version}`)}`;
}

/** What all our pipelines' resource names start with. */
export const pipelineNamePrefix = (prefix: string) => `${prefix}${groupInfix}`;
export const proofNamePrefix = (prefix: string) => `${prefix}${proofInfix}`;

function slugRoom(prefix: string): number {
  const longest = Math.min(lambdaLimits.functionNameCharacters, queueLimits.nameCharacters - '-dlq.fifo'.length);
  return longest - prefix.length - groupInfix.length - 1 - hashCharacters;
}

function slug(text: string, room: number): string {
  const cleaned = text
    .normalize('NFKD')
    .replace(/[^A-Za-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, room)
    .replace(/-+$/, '');
  return cleaned || 'group';
}

/** 50 bits of SHA-256 in base 32: among 10,000 groups two collide with a probability below 1 in 20 million. */
function shortHash(text: string): string {
  const digest = createHash('sha256').update(text, 'utf8').digest();
  let bits = digest.readBigUInt64BE(0);
  let out = '';
  for (let i = 0; i < hashCharacters; i += 1) {
    out += 'abcdefghijklmnopqrstuvwxyz234567'[Number(bits & 31n)];
    bits >>= 5n;
  }
  return out;
}

/** Where a stage's secrets must live: SSM parameters under `/<prefix>/`, Secrets Manager secrets under `<prefix>/`. */
export const secretPaths = (prefix: string) => ({ ssm: `/${prefix}/`, secretsmanager: `${prefix}/` });

/** Path under which an item's own `function.role` must live. */
export const rolePath = (prefix: string) => `/${prefix}/`;

/**
 * A task group as a key of the control table. Its own name, but for one longer than a sort key may be (1,024 bytes): no
 * valid item has such a name, and the status must still say so.
 */
export const controlKey = (taskGroup: string) => (Buffer.byteLength(taskGroup) <= 1_024 ? taskGroup : `hash:${contentHash(taskGroup)}`);

/** Same text, same hash; used to tell whether a wish has been applied. */
export function contentHash(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex').slice(0, 32);
}

/** JSON with sorted keys, so that equal content is equal text. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    inner !== null && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
      : inner,
  );
}
