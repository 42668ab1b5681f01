/** The calls our functions made, as the proxy in between wrote them down, with AWS's names for the operations. */
import { closeSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import type { RecordedCall } from './recording-proxy.ts';
import { recordFileOf } from './records.ts';
import { stage } from './shared-stage.ts';

export interface Call extends RecordedCall {
  /** `service:Operation`. */
  operation: string;
}

/** A place in the record: only what comes after it is of interest. */
export const markRecord = () => statSync(stage.recordFile).size;

/** Calls since `mark` whose path or body has one of `texts`; all where none is given. */
export function callsSince(mark: number, texts: string[] = []): Call[] {
  return callsOf(recordedSince(mark), texts);
}

/** All of a suite (records.ts). */
export const callsOfSuite = (records: string): Call[] => callsOf(readFileSync(recordFileOf(records), 'utf8'), []);

function callsOf(record: string, texts: string[]): Call[] {
  const lines = record.split('\n');
  const wanted = lines.filter((line) => line !== '' && (texts.length === 0 || texts.some((text) => line.includes(text))));
  return wanted.map((line) => {
    const call = JSON.parse(line) as RecordedCall;
    return { ...call, operation: operationOf(call) };
  });
}

/** Not the whole file: by the end of the suite it is large, and a test that waits for a call reads it again and again. */
function recordedSince(mark: number): string {
  const file = openSync(stage.recordFile, 'r');
  try {
    const content = Buffer.alloc(markRecord() - mark);
    return content.toString('utf8', 0, readSync(file, content, 0, content.length, mark));
  } finally {
    closeSync(file);
  }
}

const reads = /:(Get|List|Head|Query|Scan|Receive|Invoke)/;

/** Operations that changed something, in order. */
export const changesIn = (calls: Call[]) =>
  calls.filter(({ operation, service }) => service !== 'dynamodb' && !reads.test(operation)).map(({ operation }) => operation);

export function operationOf({ service, target, method, path, body }: RecordedCall): string {
  if (target) return `${service}:${target.split('.')[1]}`;
  // The query protocol names it in the body.
  if (service === 'sns') return `sns:${new URLSearchParams(body).get('Action')}`;
  const [resource = ''] = path.split('?');
  const rules = service === 'lambda' ? lambdaOperations : service === 's3' ? s3Operations : [];
  const found = rules.find(([verb, pattern]) => verb === method && pattern.test(service === 's3' ? path : resource));
  return `${service}:${found?.[2] ?? `${method} ${path}`}`;
}

type Rule = [method: string, path: RegExp, operation: string];

const lambdaOperations: Rule[] = [
  ['POST', /\/functions$/, 'CreateFunction'],
  ['POST', /\/functions\/[^/]+\/invocations$/, 'Invoke'],
  ['PUT', /\/functions\/[^/]+\/code$/, 'UpdateFunctionCode'],
  ['PUT', /\/functions\/[^/]+\/configuration$/, 'UpdateFunctionConfiguration'],
  ['PUT', /\/functions\/[^/]+\/concurrency$/, 'PutFunctionConcurrency'],
  ['DELETE', /\/functions\/[^/]+\/concurrency$/, 'DeleteFunctionConcurrency'],
  ['GET', /\/functions\/[^/]+$/, 'GetFunction'],
  ['DELETE', /\/functions\/[^/]+$/, 'DeleteFunction'],
  ['POST', /\/event-source-mappings$/, 'CreateEventSourceMapping'],
  ['GET', /\/event-source-mappings$/, 'ListEventSourceMappings'],
  ['GET', /\/event-source-mappings\/[^/]+$/, 'GetEventSourceMapping'],
  ['PUT', /\/event-source-mappings\/[^/]+$/, 'UpdateEventSourceMapping'],
  ['DELETE', /\/event-source-mappings\/[^/]+$/, 'DeleteEventSourceMapping'],
  ['POST', /\/tags\//, 'TagResource'],
  ['DELETE', /\/tags\//, 'UntagResource'],
  ['GET', /\/tags\//, 'ListTags'],
  ['GET', /\/account-settings$/, 'GetAccountSettings'],
];

const s3Operations: Rule[] = [
  ['HEAD', /^\/[^/]+\/[^?]+/, 'HeadObject'],
  ['HEAD', /^\/[^/?]+\/?(\?|$)/, 'HeadBucket'],
  ['POST', /^\/[^/]+\/[^?]+\?.*uploadId=/, 'CompleteMultipartUpload'],
  ['POST', /^\/[^/]+\/[^?]+\?.*uploads/, 'CreateMultipartUpload'],
  ['PUT', /^\/[^/]+\/[^?]+\?.*uploadId=/, 'UploadPart'],
  ['DELETE', /^\/[^/]+\/[^?]+\?.*uploadId=/, 'AbortMultipartUpload'],
  ['PUT', /^\/[^/]+\/[^?]+/, 'PutObject'],
  ['GET', /^\/[^/]+\/?\?.*versions/, 'ListObjectVersions'],
  ['POST', /^\/[^/]+\/?\?.*delete/, 'DeleteObjects'],
  ['GET', /^\/[^/]+\/[^?]+/, 'GetObject'],
];
