/** `.env.sample` names every variable there is, and what it says of them is so. */
import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { App } from 'aws-cdk-lib';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { settingFacts } from '../../lambdas/contract/setting-facts.ts';
import { presets, StageSettings } from '../../lambdas/contract/settings.ts';
import { readSettings } from '../../lib/settings.ts';
import { inProject } from '../../local/paths.ts';

const text = readFileSync(inProject('.env.sample'), 'utf8');
const entries = [...text.matchAll(/^# (.+)\n#([A-Z_]+)=(.*)$/gm)].map(([, says = '', variable = '', value = '']) => ({
  says,
  variable,
  value,
}));
const defaults = new Map(Object.entries<unknown>(StageSettings.parse({})));
const fields: Record<string, z.ZodType> = StageSettings.in.shape;
const settings = Object.entries(settingFacts).map(([name, { variable, unit }]) => ({ name, variable, unit }));

it('names every variable, each once', () => {
  expect(entries.map(({ variable }) => variable).toSorted()).toEqual(settings.map(({ variable }) => variable).toSorted());
});

it('sets none of them as it is', () => {
  expect(parseEnv(text)).toEqual({});
});

it('can be taken as it stands, without its comment signs', () => {
  const environment = parseEnv(entries.map(({ variable, value }) => `${variable}=${value}`).join('\n'));
  const { settings: read } = readSettings(new App().node, environment);
  const without = ['alarmTopicArn', 'preset', 'defaultFunction', 'apiBaseUrl', 'bodySchema', 'validatorFunction', 'maxInputBytes'];
  const rest = Object.fromEntries(Object.entries(read).filter(([name]) => !without.includes(name)));
  expect(rest).toEqual(Object.fromEntries(defaults));
});

describe.each(settings)('$variable', ({ name, variable, unit }) => {
  const { says, value } = entries.find((entry) => entry.variable === variable) ?? { says: '', value: '' };

  it('has its unit', () => expect(/Unit: ([^.]+)\./.exec(says)?.[1]).toBe(unit));

  it('has its default', () => {
    const preset = defaults.get(name);
    const told = /Default: (.+?)\.$/.exec(says)?.[1] ?? '';
    if (preset === undefined) expect(told).toMatch(/^none$|own address$/);
    else if (name === 'prefix') expect(told).toBe('sluice- and the stage');
    else if (told === 'as below') expect(JSON.parse(value)).toEqual(preset);
    else if (Array.isArray(preset)) expect([told, value, preset]).toEqual(['empty', '', []]);
    else expect([told, value]).toEqual(typeof preset === 'object' ? ['{}', '{}'] : [String(preset), String(preset)]);
  });

  it('has its bounds', () => {
    const bounds = /Bounds: (.+?)\. Default/.exec(says)?.[1] ?? '';
    expect(bounds).not.toBe('');
    for (const word of boundsOf(fields[name])) expect(bounds).toContain(word);
  });
});

it('tells what the presets set', () => {
  const says = entries.find(({ variable }) => variable === 'PRESET')?.says ?? '';
  for (const [name, { maxParallelJobsPerGroup, maxTasksPerRequest }] of Object.entries(presets))
    expect(says).toContain(`${name} (${maxParallelJobsPerGroup}, ${maxTasksPerRequest})`);
});

const Bounds = z.object({
  type: z.string().optional(),
  enum: z.array(z.string()).default([]),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  maxItems: z.number().optional(),
});

/** What a schema bounds that can be told in a line. */
function boundsOf(schema: z.ZodType | undefined): string[] {
  const { enum: choices, minimum, maximum, maxItems, type } = Bounds.parse(schema && z.toJSONSchema(schema, { io: 'input' }));
  return [
    ...choices,
    ...(minimum === undefined || maximum === undefined ? [] : [`${minimum}-${maximum}`]),
    ...(maxItems === undefined ? [] : [`up to ${maxItems}`]),
    ...(type === 'boolean' ? ['true, false'] : []),
  ];
}
