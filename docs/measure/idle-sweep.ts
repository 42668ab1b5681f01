/**
 * What a sweep calls per pipeline when nothing differs: the figures of docs/cost.md. Runs our functions on the double of
 * AWS in virtual time: `npx node docs/measure/idle-sweep.ts [pipelines]`.
 */
import { zipOf } from '../../test/double/aws/s3.ts';
import { OwnStage } from '../../test/double/own-stage.ts';

const pipelines = Number(process.argv[2] ?? 100);
const hour = 3_600_000;
const stage = new OwnStage({ sweepByHand: true, aws: { lambda: { accountConcurrency: pipelines + 200 } } });
const { log, clock } = stage.aws;
log.keepInputs = false;

stage.upload(zipOf('one'));
for (let i = 0; i < pipelines; i += 1) stage.write({ taskGroup: `customer-${i}`, concurrency: 1 });
await stage.runUntil(() => stage.hintsLeft === 0 && stage.rows().filter((row) => row.phase === 'Active').length === pipelines, hour);

const firstCall = log.calls.length;
const startMs = clock.nowMs();
void stage.sweep();
await stage.runUntil(() => stage.hintsLeft > 0, hour);
await stage.runUntil(() => stage.hintsLeft === 0, hour);

const calls = log.calls.slice(firstCall).filter(({ operation }) => !['ReceiveMessage', 'DeleteMessage'].includes(operation));
const count = (service: string, operations: RegExp) =>
  calls.filter((call) => call.service === service && operations.test(call.operation)).length;
const figures = {
  'Lambda, budgeted': count('lambda', /^ListEventSourceMappings$/),
  'Lambda, GetFunction': count('lambda', /^GetFunction$/),
  SQS: count('sqs', /./),
  'DynamoDB reads': count('dynamodb', /^(Get|Query|Scan)$/),
  'DynamoDB writes': count('dynamodb', /^(Put|Update|Delete|TransactWrite)$/),
};
const lines = Object.entries(figures).map(([what, calls]) => `  ${what.padEnd(22)}${(calls / pipelines).toFixed(2).padStart(8)}`);
const notActive = stage.rows().filter((row) => row.phase !== 'Active').length;
process.stdout.write(
  `One sweep of ${pipelines} pipelines: ${((clock.nowMs() - startMs) / 1_000).toFixed(0)} s of virtual time; calls per pipeline:\n${lines.join('\n')}\n` +
    `  not Active afterwards ${notActive}\n`,
);
