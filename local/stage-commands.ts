/** What `npm run local` offers, as text. Pure. */
import type { PipelineRow } from '../lambdas/contract/pipeline-row.ts';
import type { RunningStage } from './running-stage.ts';

export const commandHelp = `Talks to the local stage that \`npm start\` has up (.sluice/local.json says where).

  npm run local -- status                       every pipeline: phase, concurrency, release, message
  npm run local -- put <file.json>              write a config item
  npm run local -- remove <task group>          remove one; its pipeline drains, then goes
  npm run local -- send <task group> [count]    send tasks (default 20)
  npm run local -- upload <folder> [key]        build a consumer and upload it (default key: consumer.zip)
`;

/** Printed once the stage is up and idle. */
export function howToTalkToIt(stage: RunningStage): string {
  return `
It is up until Ctrl-C.

  endpoint      ${stage.endpoint} (S3: ${stage.s3Endpoint})
  config table  ${stage.outputs['ConfigTableName']}
  code bucket   ${stage.outputs['CodeBucketName']}
  jobs          ${stage.outputs['ApiUrl']}
  all outputs   .sluice/local.json

Try, in another terminal:

  npm run local -- status
  npm run local -- put examples/config-items/A.json      change its concurrency first
  npm run local -- send A 20

Any other AWS tool works with this in its environment:

  export AWS_ENDPOINT_URL=${stage.endpoint} AWS_ENDPOINT_URL_S3=${stage.s3Endpoint} \\
    AWS_REGION=${stage.region} AWS_DEFAULT_REGION=${stage.region} AWS_ACCESS_KEY_ID=${stage.accessKey} AWS_SECRET_ACCESS_KEY=${stage.secretKey}
`;
}

export function statusTable(rows: PipelineRow[]): string {
  if (rows.length === 0) return 'No pipelines yet; write a config item: `npm run local -- put examples/config-items/A.json`.';
  const cells = rows.map((row) => [
    row.taskGroup,
    row.phase,
    String(row.reserved ?? '-'),
    row.release?.version.slice(0, 8) ?? '-',
    row.message,
  ]);
  const table = [['group', 'phase', 'reserved', 'release', 'message'], ...cells];
  const widths = [0, 1, 2, 3].map((i) => Math.max(...table.map((line) => line[i]?.length ?? 0)));
  return table
    .map((line) =>
      line
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
