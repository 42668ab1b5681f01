/** A user's Lambda function that jobs name, played: Lambda starts it, and it tells its result by the callback or never. */
import { followUp } from '../../../lambdas/aws/jobs/follow-up.ts';
import type { JobServices } from '../../../lambdas/aws/jobs/job-services.ts';
import { TaskInvocation, type TaskResult } from '../../../lambdas/contract/job.ts';
import { attemptOf } from '../../../lambdas/domain/job/token.ts';
import { takeOutcome } from '../../../lambdas/job-api/task-outcome.ts';
import type { AwsDouble } from '../aws/double.ts';
import type { Queue } from '../aws/queue.ts';

export interface FunctionRun {
  invocation: TaskInvocation;
  n: number;
  atMs: number;
}

/** `silent`: it never calls back; `givenUp`: Lambda tells its on-failure destination. */
export type FunctionEnding = TaskResult | 'silent' | 'givenUp';

export interface FunctionPlan {
  taskMs(run: FunctionRun): number;
  ending(run: FunctionRun): FunctionEnding;
}

export class PlayedFunction {
  readonly runs: FunctionRun[] = [];
  /** What each callback was answered. */
  readonly answers: { n: number; attempt: number; recorded: boolean }[] = [];
  plan: FunctionPlan;
  readonly #aws: AwsDouble;
  readonly #services: JobServices;
  readonly #failures: Queue;
  readonly #running = new Map<string, number>();

  constructor(aws: AwsDouble, services: JobServices, failures: Queue, plan: FunctionPlan) {
    this.#aws = aws;
    this.#services = services;
    this.#failures = failures;
    this.plan = plan;
  }

  /** Tasks that run now; one that was invoked twice, as the answer was lost, is one. */
  get running(): number {
    return this.#running.size;
  }

  async start(payload: string): Promise<void> {
    const invocation = TaskInvocation.parse(JSON.parse(payload));
    const run = { invocation, n: Number(invocation.task), atMs: this.#aws.clock.nowMs() };
    this.runs.push(run);
    const name = `${invocation.job}/${invocation.task}`;
    const count = (change: 1 | -1) => {
      const now = (this.#running.get(name) ?? 0) + change;
      if (now > 0) this.#running.set(name, now);
      else this.#running.delete(name);
    };
    count(1);
    await this.#aws.clock.sleep(this.plan.taskMs(run));
    count(-1);
    const ending = this.plan.ending(run);
    if (ending === 'givenUp') {
      const body = {
        requestContext: { condition: 'RetriesExhausted' },
        requestPayload: invocation,
        responsePayload: { errorMessage: 'no' },
      };
      this.#failures.send({ body: JSON.stringify(body) }, this.#aws.clock.nowMs());
    } else if (ending !== 'silent') await this.callBack(run, ending);
  }

  /** As `POST /jobs/{id}/tasks/{n}/result` does it. */
  async callBack({ invocation, n }: FunctionRun, result: TaskResult): Promise<void> {
    const { job, callback, attempt } = invocation;
    const row = await this.#services.jobs.get(job);
    const claimed = row && attemptOf(row.tokenKey, n, callback.token);
    if (row === undefined || claimed === undefined) throw new Error(`the token of task ${n} of job ${job} is wrong`);
    const { recorded } = await takeOutcome(this.#services, row, claimed, result);
    await followUp(this.#services, job);
    this.answers.push({ n, attempt, recorded: recorded.has(n) });
  }
}
