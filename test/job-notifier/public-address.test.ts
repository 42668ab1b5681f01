/** Which addresses a webhook may go to: those handed out to the public internet, and no others. */
import { expect, it } from 'vitest';
import { isPublicAddress } from '../../lambdas/job-notifier/public-address.ts';

it.each([
  '1.1.1.1',
  '8.8.8.8',
  '52.94.236.248',
  '93.184.215.14',
  '172.15.255.255',
  '172.32.0.1',
  '100.63.255.255',
  '2606:4700:4700::1111',
  '2a05:d014::1',
])('%s is public', (address) => expect(isPublicAddress(address)).toBe(true));

it.each([
  ['this machine', '127.0.0.1', '127.255.255.254', '::1'],
  ['unspecified', '0.0.0.0', '0.1.2.3', '::'],
  ['private', '10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1'],
  ['link-local', '169.254.169.254', '169.254.170.2', 'fe80::1', 'fe80::1%eth0'],
  ['unique-local', 'fc00::1', 'fd00:ec2::254'],
  ['carrier-grade NAT', '100.64.0.1', '100.127.255.255'],
  ['multicast', '224.0.0.1', '239.255.255.255', 'ff02::1'],
  ['broadcast', '255.255.255.255'],
  ['reserved', '192.0.0.1', '192.0.2.1', '192.88.99.1', '198.18.0.1', '198.51.100.1', '203.0.113.1', '240.0.0.1'],
  ['IPv4 mapped', '::ffff:8.8.8.8', '::ffff:127.0.0.1', '::ffff:7f00:1'],
  ['IPv4 compatible', '::127.0.0.1', '::7f00:1', '::a00:1'],
  ['translated', '64:ff9b::7f00:1', '64:ff9b:1::a00:1', '::ffff:0:7f00:1'],
  ['tunnelled', '2002:7f00:1::', '2001::1'],
  ['site-local', 'fec0::1'],
  ['documentation', '2001:db8::1', '3fff::1'],
  ['discarded', '100::1'],
  ['no address', '', 'localhost', '1.2.3', '127.1', '010.1.1.1', '0x7f000001', '2130706433', '1.2.3.4.5', 'fe80::1::2'],
])('%s is not', (_, ...addresses) => {
  for (const address of addresses) expect({ address, is: isPublicAddress(address) }).toEqual({ address, is: false });
});
