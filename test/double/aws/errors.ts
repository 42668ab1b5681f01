/** Errors in the shape the SDK gives them: a name, a message, the HTTP status and what the operation adds. Nothing else. */
export class AwsError extends Error {
  readonly $metadata: { httpStatusCode: number; requestId: string; attempts: number };
  readonly $fault: 'client' | 'server';
  readonly $retryable?: { throttling: boolean };

  constructor(name: string, message: string, httpStatusCode = 400, extra: Record<string, unknown> = {}) {
    super(message);
    this.name = name;
    this.$metadata = { httpStatusCode, requestId: 'double', attempts: 1 };
    this.$fault = httpStatusCode >= 500 ? 'server' : 'client';
    if (httpStatusCode === 429) this.$retryable = { throttling: true };
    Object.assign(this, extra);
  }
}

/** What a double must never swallow: the code under test used something the double does not know. */
export class NotInDouble extends Error {
  override readonly name = 'NotInDouble';
}

/** A connection that broke: the caller cannot know whether the call was done. */
export const connectionLost = () =>
  Object.assign(new Error('socket hang up'), { name: 'TimeoutError', code: 'ECONNRESET', $metadata: { attempts: 1 } });
