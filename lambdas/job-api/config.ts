/** GET /config and GET /debug/settings: each setting with its value, unit and where it came from. None of them is a secret. */
import { NoQuery } from '../contract/job-api.ts';
import type { SettingView } from '../contract/job-api-stage.ts';
import { settingFacts } from '../contract/setting-facts.ts';
import { type Answer, json } from '../framework/http/answer.ts';
import { queryOf } from '../framework/http/query.ts';
import type { Call } from './route.ts';

export async function getConfig({ services, request }: Call): Promise<Answer> {
  queryOf(request, NoQuery);
  const { stage, settingSources } = services;
  const values = new Map<string, SettingView['value']>(Object.entries(stage.settings));
  const settings = Object.entries(settingFacts).map(([name, { unit }]): SettingView => {
    const value = values.get(name);
    return {
      name,
      ...(value === undefined ? {} : { value }),
      ...(unit === undefined ? {} : { unit }),
      source: settingSources[name] ?? 'default',
    };
  });
  return json(200, { settings });
}
