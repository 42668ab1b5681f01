/** Multipart uploads of the S3 double: nothing is under the key until the upload is completed (S3 user guide, mpuoverview). */
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  ListPartsCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { AwsError } from './errors.ts';
import { type Operations, on } from './service.ts';

interface Part {
  body: string;
  etag: string;
}

type Put = (bucket: string, key: string, body: string) => unknown;
type Place = { Bucket?: string | undefined; Key?: string | undefined; UploadId?: string | undefined };

class MultipartUploads {
  readonly operations: Operations;
  /** Of every part but the last (S3 user guide, qfacts). */
  leastPartBytes = 5 * 1_048_576;
  readonly #etag: (body: string) => string;
  readonly #put: Put;
  readonly #uploads = new Map<string, { path: string; parts: Map<number, Part> }>();
  #ids = 0;

  constructor(etag: (body: string) => string, put: Put) {
    this.#etag = etag;
    this.#put = put;
    this.operations = new Map([
      on(CreateMultipartUploadCommand, (input) => {
        const UploadId = `upload-${++this.#ids}`;
        this.#uploads.set(UploadId, { path: pathOf(input), parts: new Map() });
        return { UploadId };
      }),
      on(UploadPartCommand, (input) => this.#uploadPart(input, input.PartNumber ?? 0, input.Body)),
      on(CompleteMultipartUploadCommand, (input) => this.#complete(input, input.MultipartUpload?.Parts ?? [])),
      on(ListPartsCommand, (input) => ({
        IsTruncated: false,
        Parts: [...this.#find(input).parts]
          .sort(([a], [b]) => a - b)
          .map(([PartNumber, { etag, body }]) => ({ PartNumber, ETag: etag, Size: body.length })),
      })),
      on(AbortMultipartUploadCommand, (input) => {
        this.#find(input);
        this.#uploads.delete(input.UploadId ?? '');
        return {};
      }),
    ]);
  }

  /** Uploads neither completed nor aborted. */
  get open(): number {
    return this.#uploads.size;
  }

  #uploadPart(place: Place, number: number, given: unknown) {
    const upload = this.#find(place);
    if (number < 1 || number > 10_000)
      throw new AwsError('InvalidArgument', 'Part number must be an integer between 1 and 10000, inclusive');
    const body = typeof given === 'string' ? given : Buffer.from(given as Uint8Array).toString('latin1');
    const etag = this.#etag(body);
    upload.parts.set(number, { body, etag });
    return { ETag: etag };
  }

  #complete(place: Place, named: readonly { PartNumber?: number | undefined; ETag?: string | undefined }[]) {
    const upload = this.#find(place);
    const parts = named.map(({ PartNumber = 0, ETag }, i) => {
      if (i > 0 && PartNumber <= (named[i - 1]?.PartNumber ?? 0))
        throw new AwsError('InvalidPartOrder', 'The list of parts was not in ascending order.');
      const part = upload.parts.get(PartNumber);
      if (part === undefined || part.etag !== ETag)
        throw new AwsError('InvalidPart', 'One or more of the specified parts could not be found.');
      return part;
    });
    if (parts.length === 0) throw new AwsError('MalformedXML', 'The XML you provided was not well-formed');
    if (parts.slice(0, -1).some(({ body }) => body.length < this.leastPartBytes))
      throw new AwsError('EntityTooSmall', 'Your proposed upload is smaller than the minimum allowed size');
    this.#put(place.Bucket ?? '', place.Key ?? '', parts.map(({ body }) => body).join(''));
    this.#uploads.delete(place.UploadId ?? '');
    return { ETag: `"multipart-${parts.length}"` };
  }

  #find(place: Place) {
    const upload = this.#uploads.get(place.UploadId ?? '');
    if (upload?.path === pathOf(place)) return upload;
    throw new AwsError('NoSuchUpload', 'The specified multipart upload does not exist.', 404);
  }
}

const pathOf = ({ Bucket, Key }: Place) => `${Bucket}/${Key}`;

export const multipartUploads = (etag: (body: string) => string, put: Put) => new MultipartUploads(etag, put);
