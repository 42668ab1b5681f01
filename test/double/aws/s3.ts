/**
 * S3 with versions, as far as our buckets need it: put, head, get (ranges too), list versions, delete. Events go to `onPut`.
 * Lambda reads code from here by `resolve`.
 */
import { createHash } from 'node:crypto';
import {
  CopyObjectCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import type { VirtualClock } from '../virtual-clock.ts';
import { AwsError } from './errors.ts';
import { multipartUploads } from './s3-multipart.ts';
import { type Operations, on } from './service.ts';

export interface StoredObject {
  bucket: string;
  key: string;
  versionId: string;
  body: string;
  lastModifiedMs: number;
  sequencer: string;
  deleteMarker: boolean;
  metadata: Record<string, string>;
}

/** What Lambda does with a zip: `ok`, refuses it, cannot load it, or fails the update after accepting it. */
export type ZipBehaviour = 'ok' | 'refused' | 'import-error' | 'update-fails';

/** A zip's content that makes the double behave so; `label` makes its hash its own. */
export const zipOf = (label: string, behaviour: ZipBehaviour = 'ok') => `zip ${behaviour} ${label}`;

export function zipBehaviour(body: string): ZipBehaviour {
  const word = /^zip (\S+) /.exec(body)?.[1];
  if (word === 'refused' || word === 'import-error' || word === 'update-fails' || word === 'ok') return word;
  return body.startsWith('PK') ? 'ok' : 'refused';
}

export const codeSha256 = (body: string) => createHash('sha256').update(body).digest('base64');

export class S3Double {
  readonly operations: Operations;
  readonly uploads = multipartUploads(etag, (bucket, key, body) => this.put(bucket, key, body));
  readonly #clock: VirtualClock;
  /** Newest last. */
  readonly #objects = new Map<string, StoredObject[]>();
  readonly #buckets = new Set<string>();
  #sequence = 0;
  onPut: (object: StoredObject) => void = () => {};
  /** Of every bucket. */
  region = 'eu-central-1';

  constructor(clock: VirtualClock) {
    this.#clock = clock;
    this.operations = new Map([
      on(PutObjectCommand, (input) => this.#put(input)),
      on(CopyObjectCommand, (input) => this.#copy(input)),
      on(HeadBucketCommand, ({ Bucket = '' }) => {
        if (!this.#buckets.has(Bucket)) throw new AwsError('NotFound', 'UnknownError', 404);
        return { BucketRegion: this.region };
      }),
      on(HeadObjectCommand, (input) => this.#head(input, 'NotFound')),
      on(GetObjectCommand, (input) => this.#get(input)),
      on(ListObjectVersionsCommand, (input) => this.#listVersions(input)),
      on(ListObjectsV2Command, (input) => this.#list(input)),
      on(DeleteObjectCommand, (input) => this.#delete(input)),
      on(DeleteObjectsCommand, (input) => ({
        Deleted: (input.Delete?.Objects ?? []).map((object) => ({ Key: object.Key, ...this.#delete({ Bucket: input.Bucket, ...object }) })),
      })),
      ...this.uploads.operations,
    ]);
  }

  createBucket(name: string): void {
    this.#buckets.add(name);
  }

  /** Puts an object as a user would, at once, and tells `onPut`. */
  put(bucket: string, key: string, body: string, metadata: Record<string, string> = {}): StoredObject {
    this.#requireBucket(bucket);
    const stored = this.#append({ bucket, key, body, metadata, deleteMarker: false });
    this.onPut(stored);
    return stored;
  }

  /** The object that Lambda would read, or undefined. */
  resolve(bucket: string, key: string, versionId?: string): StoredObject | undefined {
    const versions = this.#objects.get(`${bucket}/${key}`) ?? [];
    const found = versionId === undefined ? versions.at(-1) : versions.find((object) => object.versionId === versionId);
    return found?.deleteMarker ? undefined : found;
  }

  #append(object: Omit<StoredObject, 'versionId' | 'lastModifiedMs' | 'sequencer'>): StoredObject {
    this.#sequence += 1;
    const stored: StoredObject = {
      ...object,
      versionId: `v${String(this.#sequence).padStart(6, '0')}`,
      lastModifiedMs: this.#clock.nowMs(),
      sequencer: this.#sequence.toString(16).toUpperCase().padStart(16, '0'),
    };
    const path = `${object.bucket}/${object.key}`;
    this.#objects.set(path, [...(this.#objects.get(path) ?? []), stored]);
    return stored;
  }

  #put(input: { Bucket?: string | undefined; Key?: string | undefined; Body?: unknown; Metadata?: Record<string, string> | undefined }) {
    const body = typeof input.Body === 'string' ? input.Body : Buffer.from(input.Body as Uint8Array).toString('latin1');
    const stored = this.put(input.Bucket ?? '', input.Key ?? '', body, input.Metadata ?? {});
    return { ETag: etag(body), VersionId: stored.versionId };
  }

  /** Up to 5 GB; onto itself only with another metadata (API_CopyObject). */
  #copy({ Bucket = '', Key = '', CopySource = '', MetadataDirective, Metadata = {} }: CopyObjectCommand['input']) {
    const [, bucket = '', key = ''] = /^\/?([^/]+)\/(.+)$/.exec(CopySource) ?? [];
    const source = this.#find({ Bucket: bucket, Key: decodeURIComponent(key) }, 'NoSuchKey');
    const replaces = MetadataDirective === 'REPLACE';
    if (bucket === Bucket && source.key === Key && !replaces)
      throw new AwsError(
        'InvalidRequest',
        "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.",
      );
    const stored = this.put(Bucket, Key, source.body, replaces ? Metadata : source.metadata);
    return { CopyObjectResult: { ETag: etag(source.body), LastModified: new Date(stored.lastModifiedMs) }, VersionId: stored.versionId };
  }

  #get(input: GetObjectCommand['input']) {
    const head = this.#head(input, 'NoSuchKey');
    if (input.IfMatch !== undefined && input.IfMatch !== head.ETag)
      throw new AwsError('PreconditionFailed', 'At least one of the pre-conditions you specified did not hold', 412);
    const { body } = this.#find(input, 'NoSuchKey');
    const [, from, to = ''] = /^bytes=(\d+)-(\d*)$/.exec(input.Range ?? '') ?? [];
    if (from === undefined) return { ...head, Body: bodyOf(body) };
    if (Number(from) >= body.length) throw new AwsError('InvalidRange', 'The requested range is not satisfiable', 416);
    const part = body.slice(Number(from), to === '' ? undefined : Number(to) + 1);
    return { ...head, ContentLength: part.length, Body: bodyOf(part) };
  }

  #find(
    input: { Bucket?: string | undefined; Key?: string | undefined; VersionId?: string | undefined },
    missing: 'NotFound' | 'NoSuchKey',
  ): StoredObject {
    this.#requireBucket(input.Bucket ?? '');
    const found = this.resolve(input.Bucket ?? '', input.Key ?? '', input.VersionId);
    if (found) return found;
    if (missing === 'NotFound') throw new AwsError('NotFound', 'UnknownError', 404);
    if (input.VersionId !== undefined) throw new AwsError('NoSuchVersion', 'The specified version does not exist.', 404);
    throw new AwsError('NoSuchKey', 'The specified key does not exist.', 404);
  }

  #head(
    input: { Bucket?: string | undefined; Key?: string | undefined; VersionId?: string | undefined },
    missing: 'NotFound' | 'NoSuchKey',
  ) {
    const found = this.#find(input, missing);
    return {
      VersionId: found.versionId,
      ContentLength: found.body.length,
      LastModified: new Date(found.lastModifiedMs),
      ETag: etag(found.body),
      Metadata: { ...found.metadata },
    };
  }

  #listVersions(input: {
    Bucket?: string | undefined;
    Prefix?: string | undefined;
    MaxKeys?: number | undefined;
    KeyMarker?: string | undefined;
    VersionIdMarker?: string | undefined;
  }) {
    const all = this.#inBucket(input.Bucket ?? '', input.Prefix ?? '').flatMap((versions) => versions.toReversed());
    const marker = all.findIndex((object) => object.key === input.KeyMarker && object.versionId === input.VersionIdMarker);
    const page = all.slice(marker + 1, marker + 1 + (input.MaxKeys ?? 1_000));
    const last = page.at(-1);
    const more = last !== undefined && all.at(-1) !== last;
    return {
      IsTruncated: more,
      ...(more && { NextKeyMarker: last.key, NextVersionIdMarker: last.versionId }),
      Versions: page.filter((object) => !object.deleteMarker).map((object) => this.#versionEntry(object)),
      DeleteMarkers: page.filter((object) => object.deleteMarker).map((object) => this.#versionEntry(object)),
    };
  }

  #versionEntry(object: StoredObject) {
    const isLatest = this.#objects.get(`${object.bucket}/${object.key}`)?.at(-1) === object;
    return {
      Key: object.key,
      VersionId: object.versionId,
      IsLatest: isLatest,
      LastModified: new Date(object.lastModifiedMs),
      Size: object.body.length,
    };
  }

  #list(input: {
    Bucket?: string | undefined;
    Prefix?: string | undefined;
    MaxKeys?: number | undefined;
    ContinuationToken?: string | undefined;
  }) {
    const current = this.#inBucket(input.Bucket ?? '', input.Prefix ?? '')
      .map((versions) => versions.at(-1) as StoredObject)
      .filter((object) => !object.deleteMarker);
    const start = Number(input.ContinuationToken ?? 0);
    const end = start + (input.MaxKeys ?? 1_000);
    const more = end < current.length;
    return {
      IsTruncated: more,
      ...(more && { NextContinuationToken: String(end) }),
      Contents: current
        .slice(start, end)
        .map((object) => ({ Key: object.key, Size: object.body.length, LastModified: new Date(object.lastModifiedMs) })),
    };
  }

  #inBucket(bucket: string, prefix: string): StoredObject[][] {
    this.#requireBucket(bucket);
    return [...this.#objects.values()]
      .filter((versions) => versions[0]?.bucket === bucket && versions[0].key.startsWith(prefix))
      .sort((a, b) => ((a[0]?.key ?? '') < (b[0]?.key ?? '') ? -1 : 1));
  }

  #delete(input: { Bucket?: string | undefined; Key?: string | undefined; VersionId?: string | undefined }) {
    this.#requireBucket(input.Bucket ?? '');
    const path = `${input.Bucket}/${input.Key}`;
    const versions = this.#objects.get(path) ?? [];
    if (input.VersionId === undefined) {
      const marker = this.#append({ bucket: input.Bucket ?? '', key: input.Key ?? '', body: '', metadata: {}, deleteMarker: true });
      return { DeleteMarker: true, VersionId: marker.versionId };
    }
    const kept = versions.filter((object) => object.versionId !== input.VersionId);
    if (kept.length > 0) this.#objects.set(path, kept);
    else this.#objects.delete(path);
    return { VersionId: input.VersionId };
  }

  #requireBucket(name: string): void {
    if (!this.#buckets.has(name)) throw new AwsError('NoSuchBucket', 'The specified bucket does not exist', 404);
  }
}

export const etag = (body: string) => `"${createHash('md5').update(body).digest('hex')}"`;

/** In chunks, as a connection brings it. */
const chunkBytes = 65_536;

const bodyOf = (body: string) => ({
  transformToString: async () => body,
  transformToByteArray: async () => new Uint8Array(Buffer.from(body, 'latin1')),
  async *[Symbol.asyncIterator]() {
    for (let i = 0; i < body.length; i += chunkBytes) yield Buffer.from(body.slice(i, i + chunkBytes), 'latin1');
  },
});
