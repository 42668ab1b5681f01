/** S3's event as SNS delivers it. Pure. What is no upload (S3's test event, somebody else's message) names no key. */
import { z } from 'zod';

export const SnsEvent = z.object({ Records: z.array(z.object({ Sns: z.object({ Message: z.string() }) })).min(1) });

const S3Event = z.object({
  Records: z.array(z.object({ eventName: z.string(), s3: z.object({ object: z.object({ key: z.string() }) }) })),
});

/** Keys of the objects that were created. S3 encodes them as a form does: `+` is a space. */
export function uploadedKeys(message: string): string[] {
  const parsed = S3Event.safeParse(parseJson(message));
  if (!parsed.success) return [];
  const created = parsed.data.Records.filter((record) => record.eventName.startsWith('ObjectCreated'));
  return created.map((record) => decodedKey(record.s3.object.key)).filter((key) => key !== undefined);
}

function decodedKey(written: string): string | undefined {
  try {
    return decodeURIComponent(written.replaceAll('+', ' '));
  } catch {
    return undefined;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
