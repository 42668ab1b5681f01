/** What becomes of the users' own data (config items, uploaded code, saved dead letters, consumers' logs) when the stack goes. */
import { RemovalPolicy } from 'aws-cdk-lib';
import type { StageSettings } from '../../lambdas/contract/settings.ts';

export const dataRemoval = ({ dataOnDestroy }: StageSettings) =>
  dataOnDestroy === 'delete' ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN;
