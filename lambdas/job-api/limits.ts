/** GET and PUT /limits: the items of limits in the config table. They are written as a user would, and act by way of the stream, too. */
import { limitItems } from '../aws/limit-items.ts';
import { NoQuery } from '../contract/job-api.ts';
import { Limits } from '../contract/lease-api.ts';
import {
  CustomerLimits,
  CustomerLimitsItem,
  customerLimitsKey,
  limitDefaults,
  OverallLimits,
  OverallLimitsItem,
  overallLimitsKey,
} from '../contract/placement.ts';
import { type Answer, json } from '../framework/http/answer.ts';
import { queryOf } from '../framework/http/query.ts';
import { inWaves } from '../framework/in-waves.ts';
import { errorFields } from '../framework/log.ts';
import { smallBodyLimit } from './body-limit.ts';
import { parsedBody } from './parsed-body.ts';
import type { Call } from './route.ts';

const writesAtOnce = 20;

export async function getLimits({ services, request }: Call): Promise<Answer> {
  queryOf(request, NoQuery);
  return json(200, await limitsNow(services));
}

export async function putLimits(call: Call): Promise<Answer> {
  const { services, request } = call;
  queryOf(request, NoQuery);
  const { overall, customers = {} } = parsedBody(call, Limits, { limit: smallBodyLimit });
  const items = itemsOf(services);
  const writes = [
    ...(overall === undefined ? [] : [{ key: overallLimitsKey as string, fields: defined(overall) }]),
    ...Object.entries(customers).map(([customer, limits]) => ({
      key: customerLimitsKey(customer),
      fields: limits === null ? undefined : defined(limits),
    })),
  ];
  await inWaves(writes, writesAtOnce, async ({ key, fields }) => {
    await (fields === undefined ? items.remove(key) : items.put(key, fields));
    await services
      .hintPlacing({ kind: 'limits', key })
      .catch((error: unknown) => services.log.warn('not hinted; the stream or the sweep tells', { key, ...errorFields(error) }));
  });
  return json(200, await limitsNow(services));
}

const itemsOf = ({ clients, jobEnvironment }: Call['services']) => limitItems(clients.documents, jobEnvironment.SLUICE_CONFIG_TABLE);

/** An item that is not as it must be counts as none. */
async function limitsNow(services: Call['services']): Promise<Limits> {
  const items = itemsOf(services);
  const [overall, customers] = await Promise.all([items.overall(), items.customers()]);
  const { maxJobs, ageingSeconds, reserveAfterSeconds } = limitDefaults;
  const found = [...customers].flatMap(([customer, item]) => {
    const { success, data } = CustomerLimitsItem.safeParse(item);
    return success ? [[customer, CustomerLimits.strip().parse(data)] as const] : [];
  });
  const own = overall === undefined ? undefined : OverallLimitsItem.safeParse(overall).data;
  return {
    overall: { maxJobs, ageingSeconds, reserveAfterSeconds, ...(own === undefined ? {} : OverallLimits.strip().parse(own)) },
    customers: Object.fromEntries(found.sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}

/** What is null is as if it were not there. */
const defined = (fields: object): Record<string, unknown> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined && value !== null));
