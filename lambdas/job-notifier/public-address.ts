/**
 * Whether an address is of the public internet. Everything else — this machine, private networks, link-local with the
 * credentials of the machine behind it, translations of such addresses — is no place for a webhook. Pure.
 */
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/** What is handed out as global unicast (RFC 4291, IANA): IPv4 in IPv6 clothes lies outside. */
const globalUnicast = ipaddr.IPv6.parseCIDR('2000::/3');

export function isPublicAddress(text: string): boolean {
  // The parser takes short and octal forms as well, which are no addresses that a lookup gives.
  if (isIP(text) === 0) return false;
  const address = ipaddr.parse(text);
  if (address.range() !== 'unicast') return false;
  return address instanceof ipaddr.IPv6 ? address.match(globalUnicast) : true;
}
