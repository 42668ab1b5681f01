/**
 * The token of one attempt of one task of a function: who holds it may say how that attempt ended, and nothing else. Pure.
 *
 * `<life>.<attempt>.<fromByte>-<toByte>.<id>.<mac>`: it also says where the task is in its job's file and what its sender
 * calls it (base64url, empty without a name), so that neither needs a search. The MAC is over all of it with a key of the
 * job's own.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';

export interface Attempt {
  n: number;
  /** The sender's own name for the task. */
  id?: string | undefined;
  life: number;
  attempt: number;
  /** Where the task is in the job's task file. */
  fromByte: number;
  toByte: number;
}

export const tokenOf = (tokenKey: string, attempt: Attempt): string => `${said(attempt)}.${macOf(tokenKey, attempt)}`;

/** Undefined for a token that is not of this task. */
export function attemptOf(tokenKey: string, n: number, token: string): Attempt | undefined {
  const [, life, attempt, fromByte, toByte, name = ''] = pattern.exec(token) ?? [];
  const id = name === '' ? {} : { id: Buffer.from(name, 'base64url').toString() };
  const claimed = { n, ...id, life: Number(life), attempt: Number(attempt), fromByte: Number(fromByte), toByte: Number(toByte) };
  // The whole text, and not the MAC alone: the same name can be written in base64 with other last bits.
  const [given, right] = [Buffer.from(token), Buffer.from(tokenOf(tokenKey, claimed))];
  return given.length === right.length && timingSafeEqual(given, right) ? claimed : undefined;
}

const pattern = /^(\d{1,6})\.(\d{1,6})\.(\d{1,15})-(\d{1,15})\.([\w-]{0,1400})\.[\w-]{43}$/;
/** Longest token, in characters. */
export const tokenCharacters = 1_500;

const said = ({ life, attempt, fromByte, toByte, id = '' }: Attempt) =>
  `${life}.${attempt}.${fromByte}-${toByte}.${Buffer.from(id).toString('base64url')}`;
const macOf = (tokenKey: string, attempt: Attempt) =>
  createHmac('sha256', tokenKey)
    .update(`${attempt.n}.${said(attempt)}`)
    .digest('base64url');
