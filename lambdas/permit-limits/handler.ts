/** The stack's permits, as a custom resource of CloudFormation's → the tasks table. */
import { coldStart } from '../aws/cold-start.ts';
import { createPermitLimits } from './set-limits.ts';

export const handler = createPermitLimits(coldStart('permit-limits'));
