/** Runs schemathesis, the fuzzer of OpenAPI documents, against the deployed job API. It is in the local AWS's own environment of Python. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { inProject } from '../../../local/paths.ts';
import { run } from '../../../local/run.ts';
import { ensureVenv } from '../../../local/venv.ts';
import { stage } from '../shared-stage.ts';

/** What is there, for requests that are to find something (hooks.py). */
export interface KnownThings {
  group: string;
  pool: string;
  function: string;
  upload: string;
  jobs: string[];
  tasks: { job: string; n: string; token: string }[];
  /** A placed job that waits, and one that is on a pool. */
  waiting: string;
  held: string;
  /** Of placed jobs whose work goes on outside. */
  leases: { job: string; token: string }[];
  /** On record for each of them. */
  step: string;
}

const FuzzedAnswer = z.object({ method: z.string(), path: z.string(), status: z.int() });

export interface FuzzRun {
  code: number | null;
  output: string;
  answers: z.infer<typeof FuzzedAnswer>[];
}

export async function fuzz(document: string, known: KnownThings, folder: string): Promise<FuzzRun> {
  const { python } = await ensureVenv();
  const url = new URL(stage.outputs.ApiUrl);
  const documentFile = join(folder, 'openapi.json');
  const answersFile = join(folder, 'answers.jsonl');
  writeFileSync(documentFile, document);
  writeFileSync(answersFile, '');
  const { code, output } = await run(
    python,
    [
      ...['-m', 'schemathesis.cli', '--config-file', inProject('test', 'support', 'fuzz', 'schemathesis.toml'), 'run', documentFile],
      ...['--url', url.href, '--tls-verify', stage.caFile],
    ],
    {
      cwd: folder,
      environment: {
        ...process.env,
        SCHEMATHESIS_HOOKS: inProject('test', 'support', 'fuzz', 'hooks.py'),
        FUZZ_ANSWERS: answersFile,
        FUZZ_STAGE: JSON.stringify({ ...known, host: url.host, region: stage.region, accessKey: stage.account, secretKey: 'local' }),
      },
    },
  );
  const lines = readFileSync(answersFile, 'utf8').trimEnd().split('\n');
  return { code, output, answers: lines.map((line) => FuzzedAnswer.parse(JSON.parse(line))) };
}
