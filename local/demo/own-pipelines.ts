/** The demo's Sluice side: the example's config items, written as a user would, and a wait until their pipelines run. */
import { setTimeout as sleep } from 'node:timers/promises';
import { HelpfulError } from '../../cli/helpful-error.ts';
import type { PipelineRow } from '../../lambdas/contract/pipeline-row.ts';
import type { LocalClients } from '../clients.ts';
import { listPipelines, type Outputs, putItem } from '../pipelines.ts';
import type { DemoGroup } from './tasks.ts';

const patienceSeconds = 90;

export async function writeItems(clients: LocalClients, outputs: Outputs, groups: DemoGroup[], partnerUrl: string): Promise<void> {
  for (const { item } of groups) {
    const environment = { ...item.function?.environment, PARTNER_URL: partnerUrl };
    await putItem(clients, outputs, { ...item, function: { ...item.function, environment } });
  }
}

/** Queue URL of each group once all of them are Active. */
export async function untilActive(
  clients: LocalClients,
  outputs: Outputs,
  groups: DemoGroup[],
  report: (text: string) => void,
  signal: AbortSignal,
): Promise<Map<string, string>> {
  let rows: (PipelineRow | undefined)[] = [];
  for (const deadline = Date.now() + patienceSeconds * 1_000; Date.now() < deadline; await sleep(200, undefined, { signal })) {
    const all = await listPipelines(clients, outputs);
    rows = groups.map(({ taskGroup }) => all.find((row) => row.taskGroup === taskGroup));
    report(groups.map((group, i) => `${group.taskGroup} ${rows[i]?.phase ?? 'not seen'}`).join(', '));
    const stuck = rows.find((row) => row?.phase === 'Invalid' || row?.phase === 'Failed');
    if (stuck)
      throw new HelpfulError(
        `The pipeline of ${stuck.taskGroup} is ${stuck.phase}: ${[stuck.message, ...(stuck.problems ?? [])].join(' ')}`,
      );
    if (rows.every((row) => row?.phase === 'Active' && row.resources.queueUrl !== undefined)) {
      return new Map(rows.map((row) => [row?.taskGroup as string, row?.resources.queueUrl as string]));
    }
  }
  const state = groups
    .map(({ taskGroup }, i) => `${taskGroup}: ${rows[i] ? `${rows[i].phase}, ${rows[i].message}` : 'not seen'}`)
    .join('; ');
  throw new HelpfulError(
    `The pipelines were not Active after ${patienceSeconds} s (${state}); .sluice/ministack.log says what the functions did.`,
  );
}
