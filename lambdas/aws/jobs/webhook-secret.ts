/** What webhooks are signed with, read when the first is sent and kept for five minutes. The value reaches no log and no error. */
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { webhookKeys } from '../../domain/job/webhook-signature.ts';
import type { Clock } from '../../framework/clock.ts';
import { clientOptions } from '../clients.ts';
import { named } from '../errors.ts';

export type Secrets = Pick<SecretsManagerClient, 'send'>;

export const secretsClient = (): Secrets => new SecretsManagerClient(clientOptions);

const keepMs = 5 * 60_000;

export function webhookSecret(secrets: Secrets, SecretId: string, clock: Pick<Clock, 'nowMs'>): () => Promise<Buffer[]> {
  let kept: { keys: Buffer[]; untilMs: number } | undefined;
  return async () => {
    if (kept !== undefined && kept.untilMs > clock.nowMs()) return kept.keys;
    const { SecretString = '' } = await named('GetSecretValue', SecretId, () => secrets.send(new GetSecretValueCommand({ SecretId })));
    kept = { keys: webhookKeys(SecretString), untilMs: clock.nowMs() + keepMs };
    return kept.keys;
  };
}
