/** Tells an SNS event from a release command and does what it says; anything else is refused with every problem named. */
import { noticeUpload } from '../aws/notice-upload.ts';
import type { Services } from '../aws/services.ts';
import { ReleaseCommand } from '../contract/messages.ts';
import { problemsOf } from '../contract/problems.ts';
import { runReleaseCommand } from './release-commands.ts';
import { SnsEvent, uploadedKeys } from './s3-event.ts';

export function createCodeUpdater(services: Services) {
  return async (event: unknown): Promise<unknown> => {
    const sns = SnsEvent.safeParse(event);
    if (sns.success)
      return noticeAll(
        services,
        sns.data.Records.flatMap((record) => uploadedKeys(record.Sns.Message)),
      );
    const command = ReleaseCommand.safeParse(event);
    if (!command.success) throw new Error(`not an upload event, and as a release command: ${problemsOf(command.error, event).join('; ')}`);
    return runReleaseCommand(services, command.data);
  };
}

/** One key that cannot be looked at fails the event, after the others were: AWS gives it again. */
async function noticeAll(services: Services, keys: string[]): Promise<void> {
  const looked = await Promise.allSettled([...new Set(keys)].map((key) => noticeUpload(services, key)));
  for (const [i, result] of looked.entries()) services.log.info('upload noticed', { codeKey: keys[i], result });
  const failed = looked.find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
}
