/**
 * The token of one lease of a placed job: who holds it may say how that attempt goes and how it ended, and nothing else. Pure.
 *
 * `<fence>.<mac>`: the MAC is over the job and the fencing number, with a key of the job's own. A token of an older lease is
 * genuine and says so by its number: whoever asks compares it with the job's.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';

export const leaseToken = (tokenKey: string, job: string, fence: number): string => `${fence}.${macOf(tokenKey, job, fence)}`;

/** Fencing number of the lease that the token is of; undefined for a token that is not of this job. */
export function fenceOf(tokenKey: string, job: string, token: string): number | undefined {
  const [, digits, mac = ''] = pattern.exec(token) ?? [];
  if (digits === undefined) return undefined;
  const fence = Number(digits);
  const [given, right] = [Buffer.from(mac), Buffer.from(macOf(tokenKey, job, fence))];
  return given.length === right.length && timingSafeEqual(given, right) ? fence : undefined;
}

const pattern = /^([1-9]\d{0,8})\.([\w-]{43})$/;

/** The word in front keeps it from being the MAC of anything else that is made with the same key (domain/job/token.ts). */
const macOf = (tokenKey: string, job: string, fence: number) =>
  createHmac('sha256', tokenKey).update(`lease.${job}.${fence}`).digest('base64url');
