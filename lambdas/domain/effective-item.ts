/**
 * The item a group really has: its own fields over those of the defaults item `*` over Sluice's defaults, checked as a
 * whole. Pure: says what is wrong with every problem at once, never throws.
 */
import { ConfigItem, DefaultsItem } from '../contract/config-item.ts';
import { defaultsGroup, rolePath, secretPaths } from '../contract/names.ts';
import { problemsOf } from '../contract/problems.ts';
import type { Stage } from '../contract/stage.ts';
import type { EffectiveItem } from './item.ts';
import { itemProblems, itemWarnings } from './item-rules.ts';

export type ItemVerdict = { valid: true; item: EffectiveItem; warnings: string[] } | { valid: false; problems: string[] };

type Written = Omit<ConfigItem, 'taskGroup'>;

/** Parses `rawItem` over `rawDefaults` (the item `*`, where there is one) for `stage`. */
export function effectiveItem(rawItem: unknown, rawDefaults: unknown, stage: Stage): ItemVerdict {
  const own = ConfigItem.safeParse(rawItem);
  const defaults = rawDefaults === undefined ? undefined : DefaultsItem.safeParse(rawDefaults);
  const problems = [
    ...(own.success ? [] : problemsOf(own.error, rawItem)),
    ...(!defaults || defaults.success ? [] : problemsOf(defaults.error, rawDefaults).map(inDefaults)),
  ];
  if (!own.success || (defaults && !defaults.success)) return { valid: false, problems };

  const { taskGroup: _star, ...inherited } = defaults?.data ?? { taskGroup: defaultsGroup };
  const written: Written = inherit(own.data, withoutForeignPin(own.data, inherited as Written));
  const item = withDefaults(own.data.taskGroup, written);
  const found = itemProblems(item, ruleContext(stage));
  return found.length > 0 ? { valid: false, problems: found } : { valid: true, item, warnings: itemWarnings(item, written) };
}

/** A version belongs to its key: a group with a key of its own does not inherit the pin of another. */
function withoutForeignPin(own: ConfigItem, inherited: Written): Written {
  if (own.code?.key === undefined || inherited.code?.version === undefined || own.code.key === inherited.code.key) return inherited;
  const { version: _pin, ...code } = inherited.code;
  return { ...inherited, code };
}

/** Problems of the defaults item alone, for its own status row. */
export function defaultsProblems(rawDefaults: unknown): string[] {
  const parsed = DefaultsItem.safeParse(rawDefaults);
  return parsed.success ? [] : problemsOf(parsed.error, rawDefaults);
}

const inDefaults = (problem: string) => `${defaultsGroup} item: ${problem}`;

const ruleContext = (stage: Stage) => ({
  secrets: secretPaths(stage.settings.prefix),
  rolePath: rolePath(stage.settings.prefix),
  stage,
});

/** Own fields win; maps (function, queue, environment, tags …) are inherited key by key, lists and the rest whole. */
function inherit<T>(own: T, defaults: T): T {
  if (!isMap(own) || !isMap(defaults)) return own === undefined ? defaults : own;
  const keys = new Set([...Object.keys(defaults), ...Object.keys(own)]);
  return Object.fromEntries([...keys].map((key) => [key, inherit(ownValue(own, key), ownValue(defaults, key))])) as T;
}

/** Not what every object has: a tag may be called `constructor`. */
const ownValue = (map: Record<string, unknown>, key: string) => (Object.hasOwn(map, key) ? map[key] : undefined);

const isMap = (value: unknown): value is Record<string, unknown> => value !== null && typeof value === 'object' && !Array.isArray(value);

function withDefaults(taskGroup: string, written: Written): EffectiveItem {
  const consumer = written.consumer ?? 'plain';
  const timeout = written.function?.timeout ?? 30;
  const window = written.batch?.window ?? 0;
  return {
    taskGroup,
    // NaN stands for "missing" until the rules have named it; no valid item carries it.
    concurrency: written.concurrency ?? Number.NaN,
    reserve: written.reserve ?? true,
    ...(written.ratePerSecond === undefined ? {} : { ratePerSecond: written.ratePerSecond }),
    consumer,
    code: { key: written.code?.key ?? 'consumer.zip', ...(written.code?.version === undefined ? {} : { version: written.code.version }) },
    function: {
      runtime: written.function?.runtime ?? 'nodejs24.x',
      handler: written.function?.handler ?? 'index.handler',
      memorySize: written.function?.memorySize ?? 256,
      timeout,
      architecture: written.function?.architecture ?? 'arm64',
      environment: written.function?.environment ?? {},
      layers: written.function?.layers ?? [],
      ...(written.function?.vpc ? { vpc: written.function.vpc } : {}),
      ephemeralStorage: written.function?.ephemeralStorage ?? 512,
      tracing: written.function?.tracing ?? 'PassThrough',
      ...(written.function?.role ? { role: written.function.role } : {}),
    },
    secrets: written.secrets ?? {},
    queue: {
      visibilityTimeout: written.queue?.visibilityTimeout ?? 6 * timeout + window,
      messageRetention: written.queue?.messageRetention ?? 1_209_600,
      maxReceiveCount: written.queue?.maxReceiveCount ?? (consumer === 'sluice' ? 1_000 : 10),
      delay: written.queue?.delay ?? 0,
      fifo: written.queue?.fifo ?? false,
    },
    batch: { size: written.batch?.size ?? 1, window },
    retry: {
      maxRetries: written.retry?.maxRetries ?? 3,
      baseSeconds: written.retry?.baseSeconds ?? 2,
      capSeconds: written.retry?.capSeconds ?? 3_600,
    },
    tags: written.tags ?? {},
    paused: written.paused ?? false,
    onDelete: written.onDelete ?? 'drain',
    ...(written.expiresAt === undefined ? {} : { expiresAt: written.expiresAt }),
    ...(written.pool === undefined ? {} : { pool: written.pool }),
  };
}
