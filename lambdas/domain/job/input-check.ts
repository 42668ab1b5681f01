/** Whether a job's inputs are as they must be before it takes a place, by what S3 said of each. Pure. */
import type { TaskError } from '../../contract/job.ts';
import type { JobInput } from '../../contract/placement.ts';
import type { SizedInput } from '../../contract/placement-table.ts';

/** `status`: what S3 answered where it is not there, or not to be read by this stage. */
export type InputHead = { bytes: number } | { status: number };

export type CheckedInputs = { kind: 'good'; inputs: SizedInput[] } | { kind: 'bad'; error: TaskError; findings: string[] };

interface Finding {
  class: 'DATA' | 'CONFIGURATION';
  text: string;
}

/** `heads` in the order of the inputs. What the stage may not read is for its operators to mend, all else for whoever submitted. */
export function checkInputs(
  inputs: readonly JobInput[],
  heads: readonly InputHead[],
  { maxInputBytes, regions }: { maxInputBytes: number | undefined; regions: ReadonlyMap<string, string> },
): CheckedInputs {
  const findings = inputs.flatMap((input, i) => findingOf(input, heads[i] ?? { status: 404 }, maxInputBytes) ?? []);
  if (findings.length === 0) return { kind: 'good', inputs: inputs.map((input, i) => sized(input, heads[i], regions)) };
  const texts = findings.map(({ text }) => text);
  const message = `${findings.length} of ${inputs.length === 1 ? '1 input' : `${inputs.length} inputs`} cannot be used: ${shortened(texts)}`;
  return { kind: 'bad', error: { class: findings.find(isOurs)?.class ?? 'DATA', message }, findings: texts };
}

const isOurs = ({ class: errorClass }: Finding) => errorClass === 'CONFIGURATION';

const mostInMessage = 3;
const shortened = (texts: readonly string[]) =>
  [...texts.slice(0, mostInMessage), ...(texts.length > mostInMessage ? [`and ${texts.length - mostInMessage} more`] : [])].join('; ');

function findingOf(input: JobInput, head: InputHead, maxInputBytes: number | undefined): Finding | undefined {
  const name = `s3://${input.bucket}/${input.key}${input.versionId === undefined ? '' : ` (version ${input.versionId})`}`;
  if ('status' in head) return refused(name, input.bucket, head.status);
  if (maxInputBytes === undefined || head.bytes <= maxInputBytes) return undefined;
  return { class: 'DATA', text: `${name} has ${head.bytes} bytes, at most ${maxInputBytes} may be` };
}

function refused(name: string, bucket: string, status: number): Finding {
  if (status === 403)
    return { class: 'CONFIGURATION', text: `${name} may not be read by this stage: see its bucket policy and key policy` };
  if (status === 301 || status === 307) return { class: 'CONFIGURATION', text: `${name}: the bucket ${bucket} is in another region` };
  // 405: the version is a marker that says that the object was deleted.
  if (status === 404 || status === 405) return { class: 'DATA', text: `${name} does not exist` };
  return { class: 'DATA', text: `${name} is refused by S3 with status ${status}` };
}

function sized(input: JobInput, head: InputHead | undefined, regions: ReadonlyMap<string, string>): SizedInput {
  const region = input.region ?? regions.get(input.bucket);
  return {
    ...input,
    ...(head !== undefined && 'bytes' in head ? { bytes: head.bytes } : {}),
    ...(region === undefined ? {} : { region }),
  };
}
