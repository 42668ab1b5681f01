/** Schedule, every minute → what a lost hint or a crash left behind is gone on with, and who is in danger is warned. */
import { jobColdStart } from '../aws/jobs/job-services.ts';
import { createJobSweeper, type Swept } from './sweep.ts';

const sweep = createJobSweeper(jobColdStart('job-sweeper'));

export const handler = (): Promise<Swept> => sweep();
