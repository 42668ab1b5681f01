/**
 * The CDK app: one stage's settings, one stack. What the stack is made of is in `lib/sluice-stack.ts`.
 */
import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { readSettings } from '../lib/settings.ts';
import { settingsEnvironment } from '../lib/settings-environment.ts';
import { SluiceStack } from '../lib/sluice-stack.ts';

const app = new App();
const read = readSettings(app.node, settingsEnvironment(process.env));
new SluiceStack(app, read.settings.prefix, read);
Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
