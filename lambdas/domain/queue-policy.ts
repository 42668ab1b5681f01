/** The resource policy of a pipeline's queues: TLS only, and no sending while a queue drains. Pure. */
import { canonicalJson } from '../contract/names.ts';

export type QueueAccess = 'open' | 'draining';

const drainingSid = 'SluiceDrainingDenySend';

export function queuePolicy(arn: string, access: QueueAccess): string {
  const tlsOnly = {
    Sid: 'SluiceTlsOnly',
    Effect: 'Deny',
    Principal: '*',
    Action: 'sqs:*',
    Resource: arn,
    Condition: { Bool: { 'aws:SecureTransport': 'false' } },
  };
  const denySend = { Sid: drainingSid, Effect: 'Deny', Principal: '*', Action: 'sqs:SendMessage', Resource: arn };
  return canonicalJson({ Version: '2012-10-17', Statement: access === 'draining' ? [tlsOnly, denySend] : [tlsOnly] });
}

export const deniesSending = (policy: string | undefined) => policy?.includes(drainingSid) ?? false;
