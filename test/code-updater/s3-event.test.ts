/** Keys out of S3's events; everything else names none. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SnsEvent, uploadedKeys } from '../../lambdas/code-updater/s3-event.ts';

const record = (key: string, eventName = 'ObjectCreated:Put') => ({ eventName, s3: { object: { key } } });
const message = (...records: unknown[]) => JSON.stringify({ Records: records });

/** As S3 writes a key into its events: like a form, but with slashes as they are. */
const encoded = (key: string) => encodeURIComponent(key).replaceAll('%20', '+').replaceAll('%2F', '/');

describe('uploaded keys', () => {
  it.each([
    ['consumer.zip', 'consumer.zip'],
    ['team+a/my+code.zip', 'team a/my code.zip'],
    ['a%2Bb.zip', 'a+b.zip'],
    ['caf%C3%A9%25.zip', 'café%.zip'],
  ])('%s is %s', (written, key) => expect(uploadedKeys(message(record(written)))).toEqual([key]));

  it('are what they were, whatever they were', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (key) => {
        expect(uploadedKeys(message(record(encoded(key))))).toEqual([key]);
      }),
    );
  });

  it('are those that were created, in any way', () => {
    const ways = [
      'ObjectCreated:Put',
      'ObjectCreated:CompleteMultipartUpload',
      'ObjectCreated:Copy',
      'ObjectRemoved:Delete',
      'ObjectRestore:Post',
    ];
    expect(uploadedKeys(message(...ways.map((way, i) => record(`${i}`, way))))).toEqual(['0', '1', '2']);
  });

  it.each([
    ["S3's test event", JSON.stringify({ Service: 'Amazon S3', Event: 's3:TestEvent', Bucket: 'b' })],
    ['no JSON', 'hello'],
    ['nothing', ''],
    ['null', 'null'],
    ['no records', message()],
    ['a key that is not encoded', message(record('100%.zip'))],
  ])('of %s are none', (_what, text) => expect(uploadedKeys(text)).toEqual([]));

  it('of an event are found beside one that cannot be read', () => {
    expect(uploadedKeys(message(record('%zz'), record('a.zip')))).toEqual(['a.zip']);
  });
});

describe('an SNS event', () => {
  it.each([
    [{ Records: [{ Sns: { Message: '{}' } }] }, true],
    [{ Records: [] }, false],
    [{ action: 'rollback', codeKey: 'consumer.zip' }, false],
    [null, false],
  ])('%j: %j', (raw, expected) => expect(SnsEvent.safeParse(raw).success).toBe(expected));
});
