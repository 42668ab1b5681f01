/** The defaults item `*` changed: every group is looked at, as a rollout. Its own row says whether it is valid. */
import { sendHints } from '../aws/hint-queues.ts';
import type { Services } from '../aws/services.ts';
import type { Hint } from '../contract/messages.ts';
import { defaultsGroup } from '../contract/names.ts';
import { defaultsProblems } from '../domain/effective-item.ts';
import { nextRow } from '../domain/status.ts';
import { isoTime } from '../framework/clock.ts';
import { done, type Outcome } from '../framework/sqs-batch.ts';

export async function spreadDefaults(services: Services): Promise<Outcome> {
  const { config, clients, hintQueues } = services;
  let groups = 0;
  for await (const page of config.taskGroups()) {
    const hints = page
      .filter((group) => group !== defaultsGroup)
      .map((taskGroup): Hint => ({ kind: 'group', taskGroup, class: 'rollout', hops: 1 }));
    await sendHints(clients.sqs, hintQueues, 'rollout', hints);
    groups += hints.length;
  }
  await saveRow(services, await config.get(defaultsGroup), groups);
  return done;
}

async function saveRow({ pipelines, clock }: Services, item: Record<string, unknown> | undefined, groups: number): Promise<void> {
  if (item === undefined) return pipelines.delete(defaultsGroup);
  const problems = defaultsProblems(item);
  const before = await pipelines.get(defaultsGroup);
  const now = isoTime(clock.nowMs());
  const row =
    problems.length > 0
      ? nextRow(before, defaultsGroup, 'Invalid', `no group changes until this is mended: ${problems.join('; ')}`, now, { problems })
      : nextRow(before, defaultsGroup, 'Active', `defaults of ${groups} task groups`, now);
  await pipelines.put(row);
}
