/**
 * The sweep: every group with an item, a row or a queue of ours is looked at whatever its hash, every code key for an
 * upload nobody told of. It only sends hints; their class is the last served by the control-plane budget.
 */
import { queueDepth, sendHints } from '../aws/hint-queues.ts';
import { noticeUpload } from '../aws/notice-upload.ts';
import { listQueueUrls, queueTags } from '../aws/queues.ts';
import type { Services } from '../aws/services.ts';
import type { Hint } from '../contract/messages.ts';
import { defaultsGroup, pipelineNamePrefix } from '../contract/names.ts';
import { isOurs, taskGroupOf } from '../contract/tags.ts';
import { errorFields } from '../framework/log.ts';

export interface Sweep {
  taskGroups: number;
  codeKeys: number;
  /** Set where the sweep before is still being worked off. */
  skipped?: true;
}

export function createSweeper(services: Services) {
  return async (): Promise<Sweep> => {
    const known = await knownGroups(services);
    // Looked at beside the groups: thousands of keys must not keep them waiting.
    const noticed = noticeUploads(services, known.codeKeys);
    if ((await queueDepth(services.clients.sqs, services.hintQueues.sweep)) > 0) {
      services.log.warn('the sweep before is not done yet', { taskGroups: known.groups.size });
      await noticed;
      return { taskGroups: known.groups.size, codeKeys: known.codeKeys.size, skipped: true };
    }
    for (const group of await orphanedGroups(services, known.queueUrls)) known.groups.add(group);
    known.groups.delete(defaultsGroup);
    const hints = [...known.groups].map((taskGroup): Hint => ({ kind: 'group', taskGroup, class: 'sweep', hops: 0 }));
    await sendHints(services.clients.sqs, services.hintQueues, 'sweep', hints);
    await noticed;
    services.log.info('swept', { taskGroups: hints.length, codeKeys: known.codeKeys.size });
    return { taskGroups: hints.length, codeKeys: known.codeKeys.size };
  };
}

async function knownGroups({ config, pipelines, releases }: Services) {
  const groups = new Set<string>();
  const codeKeys = new Set<string>();
  const queueUrls = new Set<string>();
  for await (const page of config.taskGroups()) for (const group of page) groups.add(group);
  for await (const rows of pipelines.rows()) {
    for (const { taskGroup, codeKey, resources } of rows) {
      groups.add(taskGroup);
      if (codeKey) codeKeys.add(codeKey);
      if (resources.queueUrl) queueUrls.add(resources.queueUrl);
      if (resources.deadLetterQueueUrl) queueUrls.add(resources.deadLetterQueueUrl);
    }
  }
  for await (const pointers of releases.pointers()) for (const { codeKey } of pointers) codeKeys.add(codeKey);
  return { groups, codeKeys, queueUrls };
}

/** Queues of ours that no row knows, by the group their tag names: a row was lost. */
async function orphanedGroups({ clients, stage }: Services, known: ReadonlySet<string>): Promise<string[]> {
  const { prefix } = stage.settings;
  const urls = await listQueueUrls(clients.sqs, pipelineNamePrefix(prefix));
  const found: string[] = [];
  for (const url of urls.filter((candidate) => !known.has(candidate))) {
    const tags = await queueTags(clients.sqs, url);
    const group = tags && isOurs(prefix, tags) ? taskGroupOf(tags) : undefined;
    if (group) found.push(group);
  }
  return found;
}

const keysInFlight = 20;

async function noticeUploads(services: Services, codeKeys: ReadonlySet<string>): Promise<void> {
  const left = [...codeKeys];
  const worker = async () => {
    for (let codeKey = left.pop(); codeKey !== undefined; codeKey = left.pop()) {
      const key = codeKey;
      await noticeUpload(services, key).catch((error: unknown) =>
        services.log.warn('key not looked at', { codeKey: key, ...errorFields(error) }),
      );
    }
  };
  await Promise.all(Array.from({ length: keysInFlight }, worker));
}
