/**
 * Uploads → releases. Called by the code topic (S3 events over SNS), and by hand with a release command:
 * `aws lambda invoke --payload '{"action":"rollback","codeKey":"consumer.zip"}'`.
 */
import { coldStart } from '../aws/cold-start.ts';
import { createCodeUpdater } from './update.ts';

const update = createCodeUpdater(coldStart('code-updater'));

export const handler = (event: unknown): Promise<unknown> => update(event);
