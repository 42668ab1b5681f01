/** SQS as far as sending goes, over its JSON protocol: what was sent, and refusals as a test scripts them. */
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished, vi } from 'vitest';
import { z } from 'zod';

const Attribute = z.object({ DataType: z.string(), StringValue: z.string() });
const Batch = z.object({
  QueueUrl: z.string(),
  Entries: z
    .array(
      z.object({
        Id: z.string(),
        MessageBody: z.string(),
        DelaySeconds: z.number().optional(),
        MessageGroupId: z.string().optional(),
        MessageDeduplicationId: z.string().optional(),
        MessageAttributes: z.record(z.string(), Attribute).optional(),
      }),
    )
    .min(1)
    .max(10),
});
type Batch = z.output<typeof Batch>;
export type Entry = Batch['Entries'][number];

/** What becomes of an entry; undefined: it is taken. */
type Verdict = (entry: Entry) => { Code: string; SenderFault: boolean; Message: string } | undefined;

const md5 = (text: string) => createHash('md5').update(text).digest('hex');

export class QueueDouble {
  /** Of queues here. */
  url = '';
  readonly batches: Batch[] = [];
  readonly taken: Entry[] = [];
  inFlight = 0;
  mostInFlight = 0;
  /** Of single entries. */
  verdict: Verdict = () => undefined;
  /** Error of a whole call, while it is set. */
  failure: string | undefined;

  answer(text: string): { status: number; body: unknown } {
    const batch = Batch.parse(JSON.parse(text));
    this.batches.push(batch);
    if (this.failure !== undefined) return { status: 400, body: { __type: `com.amazonaws.sqs#${this.failure}`, message: 'no such queue' } };
    const judged = batch.Entries.map((entry) => ({ entry, verdict: this.verdict(entry) }));
    const good = judged.filter(({ verdict }) => verdict === undefined).map(({ entry }) => entry);
    this.taken.push(...good);
    const Successful = good.map(({ Id, MessageBody }) => ({ Id, MessageId: `m${Id}`, MD5OfMessageBody: md5(MessageBody) }));
    const Failed = judged.flatMap(({ entry, verdict }) => (verdict === undefined ? [] : [{ Id: entry.Id, ...verdict }]));
    return { status: 200, body: { Successful, Failed } };
  }
}

/** The SDK's clients talk to it until the test ends. */
export async function queueDouble(): Promise<QueueDouble> {
  const double = new QueueDouble();
  const server = createServer(async (request, response) => {
    double.inFlight += 1;
    double.mostInFlight = Math.max(double.mostInFlight, double.inFlight);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    // Time for others to come, too.
    await new Promise((resolve) => setImmediate(resolve));
    const { status, body } = double.answer(Buffer.concat(chunks).toString());
    double.inFlight -= 1;
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  double.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  vi.stubEnv('AWS_ENDPOINT_URL_SQS', double.url);
  onTestFinished(() => {
    vi.unstubAllEnvs();
    server.close();
    server.closeAllConnections();
  });
  return double;
}
