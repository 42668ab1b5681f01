/**
 * Signatures of webhooks as Standard Webhooks 1.0.0 has them (https://www.standardwebhooks.com), symmetric scheme `v1`:
 * HMAC-SHA256 of `<id>.<timestamp>.<body>` with the bytes that stand in base64 behind `whsec_`. Pure.
 */
import { createHmac } from 'node:crypto';

const prefix = 'whsec_';
/** Bytes of a key, as the specification bounds them. */
const keyBytes = { least: 24, most: 64 };

/** Keys of a secret's text: one, or several with spaces between them while one takes over from another. */
export function webhookKeys(secret: string): Buffer[] {
  const words = secret.split(/\s+/).filter((word) => word !== '');
  if (words.length === 0) throw new WebhookKeyError('is empty');
  return words.map(keyOf);
}

/** Never quotes the secret. */
class WebhookKeyError extends Error {
  constructor(what: string) {
    super(`the webhook secret ${what}: put \`${prefix}\` and ${keyBytes.least} to ${keyBytes.most} random bytes in base64 there`);
    this.name = 'WebhookKeyError';
  }
}

function keyOf(word: string): Buffer {
  const text = word.startsWith(prefix) ? word.slice(prefix.length) : word;
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text)) throw new WebhookKeyError('is not base64');
  const key = Buffer.from(text, 'base64');
  if (key.length < keyBytes.least || key.length > keyBytes.most) throw new WebhookKeyError(`holds a key of ${key.length} bytes`);
  return key;
}

/** Whoever receives it is content with one signature that fits. */
export function webhookHeaders(event: string, nowMs: number, body: string, keys: readonly Buffer[]): Record<string, string> {
  const timestamp = String(Math.floor(nowMs / 1_000));
  const signed = `${event}.${timestamp}.${body}`;
  const signatures = keys.map((key) => `v1,${createHmac('sha256', key).update(signed).digest('base64')}`);
  return { 'webhook-id': event, 'webhook-timestamp': timestamp, 'webhook-signature': signatures.join(' ') };
}
