/**
 * Resolves a host for one connection and refuses it if any of its addresses is not public. The connection takes what
 * this gives it and asks nobody again, so that a name which changes its mind meanwhile (DNS rebinding) changes nothing.
 */
import type { LookupAddress } from 'node:dns';
import { lookup as resolveHost } from 'node:dns/promises';
import { isIP, type LookupFunction } from 'node:net';
import { isPublicAddress } from './public-address.ts';

export type Resolve = (host: string) => Promise<LookupAddress[]>;
export const systemResolve: Resolve = (host) => resolveHost(host, { all: true });

class NotPublicError extends Error {
  constructor(host: string) {
    super(`${host} has an address that is not public, and the stage sends no webhooks there (webhookPrivateAddresses)`);
    this.name = 'NotPublicError';
  }
}

export function checkedLookup(resolve: Resolve, isAllowed: (address: string) => boolean): LookupFunction {
  return (host, { all }, callback) => {
    const resolved = resolve(host).then((addresses) => {
      if (addresses.length === 0) throw new Error(`${host} has no address`);
      if (!addresses.every(({ address }) => isAllowed(address))) throw new NotPublicError(host);
      return addresses;
    });
    resolved.then(
      (addresses) => {
        const [first] = addresses;
        if (all) callback(null, addresses);
        else callback(null, first?.address ?? '', first?.family);
      },
      (error: NodeJS.ErrnoException) => callback(error, ''),
    );
  };
}

/** A host that is an address itself is never looked up. */
export function refuseLiteral({ hostname }: URL, isAllowed: (address: string) => boolean): void {
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  if (isIP(host) !== 0 && !isAllowed(host)) throw new NotPublicError(host);
}

export const isAllowedBy = ({ webhookPrivateAddresses }: { webhookPrivateAddresses: boolean }) =>
  webhookPrivateAddresses ? () => true : isPublicAddress;
