import { zipOf } from '../test/double/aws/s3.ts';
import { OwnStage } from '../test/double/own-stage.ts';

const n = 600;
const stage = new OwnStage({
  aws: { lambda: { accountConcurrency: 3000 } },
  stage: { controlPlaneBudgetPerSecond: 10 },
  sweepByHand: true,
});
stage.aws.log.keepInputs = false;
const up = stage.upload(zipOf('one'));
await stage.runUntil(() => stage.pointer()?.version === up.versionId, 60_000);
for (let i = 0; i < n; i += 1) stage.write({ taskGroup: `customer-${i}`, concurrency: 1 });
await stage.runUntil(() => stage.rows().filter((r) => r.phase === 'Active').length >= n, 600_000);
await stage.runUntil(() => stage.hintsLeft === 0, 300_000);
const up2 = stage.upload(zipOf('two'));
await stage.runUntil(() => stage.release(up2.versionId)?.state === 'RollingOut', 120_000);
const t0 = stage.aws.clock.nowMs();
const from = stage.aws.log.calls.length;
await stage.runUntil(() => (stage.release(up2.versionId)?.done ?? 0) >= n, 600_000);
const calls = stage.aws.log.calls.slice(from);
const per: Record<number, number> = {};
const dd: Record<string, number> = {};
for (const c of calls) {
  const s = Math.floor((c.atMs - t0) / 1000);
  if (c.operation === 'UpdateFunctionCode') per[s] = (per[s] ?? 0) + 1;
  const k = `${c.service}.${c.operation}.${c.outcome ?? 'ok'}`;
  dd[k] = (dd[k] ?? 0) + 1;
}
console.log('took', (stage.aws.clock.nowMs() - t0) / 1000, per);
console.log(dd);
