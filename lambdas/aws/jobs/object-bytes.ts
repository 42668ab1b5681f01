/**
 * The bytes of an S3 object from some byte on, as a stream that outlives its connections: S3 cuts those that are read
 * slowly, and all others now and then. Where one breaks, the next goes on right there, of the same object.
 */
import { GetObjectCommand, type GetObjectCommandInput } from '@aws-sdk/client-s3';
import { z } from 'zod';
import type { Clock } from '../../framework/clock.ts';
import type { Clients } from '../clients.ts';
import { isObjectMissing, named } from '../errors.ts';

export interface ObjectRange extends Pick<GetObjectCommandInput, 'Bucket' | 'Key' | 'VersionId' | 'IfMatch'> {
  fromByte: number;
  /** Behind the last byte; without it to the object's end. */
  toByte?: number | undefined;
}

/** Connections in a row that bring not one byte. */
const idleConnections = 5;

const hangsAfterMs = 15_000;

type Sleeps = Pick<Clock, 'sleep'>;

export async function* objectBytes(s3: Clients['s3'], range: ObjectRange, clock: Sleeps): AsyncGenerator<Buffer> {
  const { toByte = Number.POSITIVE_INFINITY } = range;
  let byte = range.fromByte;
  for (let idle = 0; byte < toByte; ) {
    try {
      for await (const chunk of connection(s3, range, byte)) {
        byte += chunk.byteLength;
        idle = 0;
        yield chunk;
      }
      return;
    } catch (error) {
      idle += 1;
      if (isFinal(error) || idle >= idleConnections) throw error;
      await clock.sleep(100 * 2 ** idle);
    }
  }
}

/** One request; throws where it ends before its time. Closed early, it lets go of the connection. */
async function* connection(s3: Clients['s3'], { fromByte: _, toByte, ...object }: ObjectRange, byte: number): AsyncGenerator<Buffer> {
  const aborted = new AbortController();
  const Range = `bytes=${byte}-${toByte === undefined ? '' : toByte - 1}`;
  const found = await getObject(s3, { ...object, ...(byte === 0 && toByte === undefined ? {} : { Range }) }, aborted.signal);
  if (found === undefined) return;
  let got = 0;
  for await (const chunk of impatient(found.body, () => aborted.abort())) {
    got += chunk.byteLength;
    yield Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  }
  if (got < found.bytes) throw new Error(`the connection to S3 ended after ${got} of ${found.bytes} bytes of ${object.Key}`);
}

/** In Node the SDK hands over Node's own stream of bytes. */
const Bytes = z.custom<AsyncIterable<Uint8Array>>((value) => typeof value === 'object' && value !== null && Symbol.asyncIterator in value);

/** Undefined: there is nothing from that byte on. */
async function getObject(s3: Clients['s3'], input: GetObjectCommandInput, abortSignal: AbortSignal) {
  const subject = `${input.Bucket}/${input.Key}`;
  try {
    const { Body, ContentLength = 0 } = await named('GetObject', subject, () => s3.send(new GetObjectCommand(input), { abortSignal }));
    return { body: Bytes.parse(Body), bytes: ContentLength };
  } catch (error) {
    if (statusOf(error) === 416) return undefined;
    throw error;
  }
}

/** Cuts a connection off that hangs; however long whoever reads takes between two chunks. */
async function* impatient(body: AsyncIterable<Uint8Array>, cutOff: () => void): AsyncGenerator<Uint8Array> {
  const chunks = body[Symbol.asyncIterator]();
  try {
    for (;;) {
      const timer = setTimeout(cutOff, hangsAfterMs);
      const { done, value } = await chunks.next().finally(() => clearTimeout(timer));
      if (done) return;
      yield value;
    }
  } finally {
    await chunks.return?.();
  }
}

const Answer = z.object({ $metadata: z.object({ httpStatusCode: z.number() }) });
const Caused = z.object({ cause: Answer });

/** HTTP status that AWS answered with; undefined where none came. */
export const statusOf = (error: unknown): number | undefined =>
  Caused.safeParse(error).data?.cause.$metadata.httpStatusCode ?? Answer.safeParse(error).data?.$metadata.httpStatusCode;

/** What a further request is answered with the same: it is not there, not to be read, or another one by now (412). */
function isFinal(error: unknown): boolean {
  const status = statusOf(error);
  return isObjectMissing(error) || (status !== undefined && status >= 300 && status < 500 && status !== 408 && status !== 429);
}
