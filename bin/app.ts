/**
 * The CDK app: one stage's settings, one stack. What the stack is made of is in `lib/sluice-stack.ts`.
 */
import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { readSettings } from '../lib/settings.ts';
import { SluiceStack } from '../lib/sluice-stack.ts';

const app = new App();
const settings = readSettings(app.node);
new SluiceStack(app, settings.prefix, { settings });
Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
