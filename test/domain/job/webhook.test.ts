/** Where webhooks may go, how they are signed, and when they are tried again. */
import { describe, expect, it } from 'vitest';
import { delayAfter, mostWebhookTries } from '../../../lambdas/domain/job/event-tries.ts';
import { webhookProblem } from '../../../lambdas/domain/job/webhook-hosts.ts';
import { webhookHeaders, webhookKeys } from '../../../lambdas/domain/job/webhook-signature.ts';

const hosts = ['hooks.example.com', '*.example.org', 'other.example.com:8443', '*.deep.example.net:444'];

describe('where it may go', () => {
  it.each([
    'https://hooks.example.com/a?b=c#d',
    'https://hooks.example.com:443/',
    'https://HOOKS.example.com/',
    'https://a.example.org/',
    'https://a.b.example.org/',
    'https://other.example.com:8443/',
    'https://x.deep.example.net:444/',
  ])('%s may', (url) => expect(webhookProblem(url, hosts)).toBeUndefined());

  it.each([
    ['https://example.com/', 'does not list'],
    ['https://hooks.example.com:8443/', 'does not list'],
    ['https://hooks.example.com.evil.net/', 'does not list'],
    ['https://evilhooks.example.com/', 'does not list'],
    ['https://example.org/', 'does not list'],
    ['https://.example.org/', 'does not list'],
    ['https://evilexample.org/', 'does not list'],
    ['https://other.example.com/', 'does not list'],
    ['https://hooks.example.com@evil.net/', 'user name'],
    ['https://evil.net/hooks.example.com', 'does not list'],
    ['https://evil.net\\@hooks.example.com/', 'does not list'],
    ['https://hooks.example.com./', 'does not list'],
    ['https://127.0.0.1/', 'does not list'],
    ['https://[::1]/', 'does not list'],
    ['https://ada:secret@hooks.example.com/', 'user name'],
    ['http://hooks.example.com/', 'https'],
    ['ftp://hooks.example.com/', 'https'],
    ['file:///etc/passwd', 'https'],
    ['hooks.example.com', 'not a URL'],
    ['', 'not a URL'],
  ])('%s may not: %s', (url, why) => expect(webhookProblem(url, hosts)).toContain(why));

  it('is nowhere in a stage that lists no host', () => expect(webhookProblem('https://hooks.example.com/', [])).toContain('does not list'));
});

describe('signature', () => {
  it('is that of the specification for its own example', () => {
    const keys = webhookKeys('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw');
    const headers = webhookHeaders('msg_p5jXN8AQM9LWM0D4loKWxJek', 1_614_265_330_999, '{"test": 2432232314}', keys);
    expect(headers).toEqual({
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    });
  });

  it('takes the key as Secrets Manager makes one, without a prefix', () => {
    expect(webhookKeys('a'.repeat(64)).map((key) => key.length)).toEqual([48]);
    expect(webhookKeys(`whsec_${'b'.repeat(64)}\n${'a'.repeat(32)} `).map((key) => key.length)).toEqual([48, 24]);
  });

  it.each(['', '  ', 'whsec_', 'whsec_abc', 'not base64 at all!', 'a'.repeat(28), 'a'.repeat(92)])(
    'refuses the key "%s", and does not say it',
    (text) => {
      expect(() => webhookKeys(text)).toThrow(/webhook secret .*whsec_/);
      if (text.length > 10) expect(() => webhookKeys(text)).not.toThrow(text);
    },
  );
});

describe('tries', () => {
  it('are further apart each time', () =>
    expect([1, 2, 3, 4, 5, 6, 7, 20].map(delayAfter)).toEqual([5, 30, 120, 600, 1_800, 3_600, 3_600, 3_600]));

  it('end within a day', () => {
    const seconds = Array.from({ length: mostWebhookTries - 1 }, (_, i) => delayAfter(i + 1)).reduce((sum, delay) => sum + delay, 0);
    expect(seconds).toBeLessThanOrEqual(86_400);
    expect(seconds + delayAfter(mostWebhookTries)).toBeGreaterThan(86_400);
  });
});
