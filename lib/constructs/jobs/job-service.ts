/** The job service on one screen: what keeps jobs, what answers, what works, and what is handed to whom. */
import { Construct } from 'constructs';
import type { SettingSources } from '../../../lambdas/contract/setting-facts.ts';
import type { StageParts } from '../stage-parts.ts';
import { JobApi } from './job-api.ts';
import { JobDispatcher } from './job-dispatcher.ts';
import { JobHttpApi } from './job-http-api.ts';
import { JobIntake } from './job-intake.ts';
import { JobNotifier } from './job-notifier.ts';
import type { JobParts } from './job-parts.ts';
import { JobProgress } from './job-progress.ts';
import { JobResults } from './job-results.ts';
import { JobSweeper } from './job-sweeper.ts';
import { JobValidator } from './job-validator.ts';
import { JobWait } from './job-wait.ts';
import { JobsTable } from './jobs-table.ts';
import { JobsTopic } from './jobs-topic.ts';
import { PoolScheduler } from './pool-scheduler.ts';
import { WebhookSecret } from './webhook-secret.ts';

export class JobService extends Construct {
  readonly table: JobsTable;
  readonly topic: JobsTopic;
  readonly fifoTopic: JobsTopic;
  readonly webhookSecret: WebhookSecret;
  readonly http: JobHttpApi;
  readonly dispatcher: JobDispatcher;
  readonly progress: JobProgress;
  readonly scheduler: PoolScheduler;

  constructor(scope: Construct, id: string, stage: StageParts, sources: SettingSources) {
    super(scope, id);
    this.table = new JobsTable(this, 'Table');
    this.topic = new JobsTopic(this, 'Announcements');
    this.fifoTopic = new JobsTopic(this, 'OrderedAnnouncements', { fifo: true });
    this.webhookSecret = new WebhookSecret(this, 'WebhookSecret', stage.settings.prefix);
    const parts: JobParts = { ...stage, table: this.table };

    const wait = new JobWait(this, 'Wait', parts);
    const api = new JobApi(this, 'Api', parts, wait, sources);
    this.http = new JobHttpApi(this, 'Http', stage.settings, api.function);

    new JobIntake(this, 'Intake', parts);
    this.dispatcher = new JobDispatcher(this, 'Dispatcher', parts, this.http.api.apiEndpoint);
    this.progress = new JobProgress(this, 'Progress', parts);
    new JobResults(this, 'Results', parts);
    new JobNotifier(this, 'Notifier', parts, { any: this.topic, ordered: this.fifoTopic }, this.webhookSecret);
    new JobSweeper(this, 'Sweeper', parts);
    new JobValidator(this, 'Validator', parts);
    this.scheduler = new PoolScheduler(this, 'Scheduler', parts, this.http.api.apiEndpoint);
  }
}
