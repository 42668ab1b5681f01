/**
 * microburst, a proxy that answers as AWS would when it throttles, fails or cuts the line, put into the way of our
 * functions' calls; the tests' own calls do not pass it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { freePort } from '../../local/port.ts';
import { ensureVenv } from '../../local/venv.ts';
import { eventually } from './eventually.ts';
import { type Detour, loseAnswerHeader, subjectHeader } from './recording-proxy.ts';
import { stage } from './shared-stage.ts';

export const faultKinds = {
  throttled: { error: { code: 'ThrottlingException', status: 429, message: 'Rate exceeded' } },
  failed: { error: { code: 'InternalFailure', status: 500, message: 'We encountered an internal error' } },
  cut: { reset: true },
  doneButUnheard: { response: { set_headers: { [loseAnswerHeader]: 'yes' } } },
} as const;
export type FaultKind = keyof typeof faultKinds;

export interface Fault {
  /** `service:Operation`. */
  operation: string;
  kind: FaultKind;
  /** Only calls that name it; any call where absent. */
  subject?: string;
  /** How often; for ever where absent. */
  times?: number;
  /** Of the calls that fit, by chance; all where absent. */
  share?: number;
}

const services = ['dynamodb', 'sqs', 'lambda', 's3', 'sns'];

export interface FaultProxy {
  /** Takes the place of what was injected before. In order: of two that fit a call, the first that is not used up counts. */
  inject: (faults: Fault[]) => Promise<void>;
  /** How often each operation was failed since the start, by `kind operation subject`. */
  fired: () => Promise<FiredFault[]>;
  stop: () => Promise<void>;
}

export interface FiredFault {
  operation: string;
  ruleId: number;
}

/** `share`: of the calls come here at all, by chance; the others cost a test nothing. */
export async function startFaultProxy(subjects: string[], share = 1): Promise<FaultProxy> {
  const { python } = await ensureVenv();
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const child: ChildProcess = spawn(
    python,
    ['-m', 'microburst', '--upstream', stage.proxyBackDoor, '--port', String(port), '--no-resign'],
    { stdio: 'ignore' },
  );
  await eventually('microburst answers', async () => (await fetch(`${url}/_microburst/health`)).ok);
  // It loads AWS's models with the first call to each service, which takes seconds.
  await Promise.all(
    services.map((service) =>
      fetch(url, {
        method: 'POST',
        headers: { authorization: `AWS4-HMAC-SHA256 Credential=x/20260101/${stage.region}/${service}/aws4_request` },
      }).catch(() => undefined),
    ),
  );
  await tellDetour({ url, subjects, share });
  return {
    inject: async (faults) => {
      const rules = faults.map(({ operation, kind, subject, times, share }) => {
        const [service, name] = operation.split(':');
        return {
          service,
          operation: name,
          ...faultKinds[kind],
          ...(subject ? { headers: { [subjectHeader]: subject } } : {}),
          ...(times ? { times } : {}),
          ...(share === undefined ? {} : { probability: share }),
        };
      });
      const answer = await fetch(`${url}/_microburst/rules`, { method: 'POST', body: JSON.stringify(rules) });
      if (!answer.ok) throw new Error(`microburst: ${answer.status} ${await answer.text()}`);
    },
    fired: async () => {
      const events = (await (await fetch(`${url}/_microburst/fired?limit=100000`)).json()) as {
        service: string;
        operation: string;
        rule_id: number;
      }[];
      return events.map(({ service, operation, rule_id }) => ({ operation: `${service}:${operation}`, ruleId: rule_id }));
    },
    stop: async () => {
      await tellDetour(undefined);
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await ended;
    },
  };
}

async function tellDetour(detour: Detour | undefined): Promise<void> {
  await fetch(stage.proxyControl, { method: 'POST', body: detour ? JSON.stringify(detour) : '' });
}
