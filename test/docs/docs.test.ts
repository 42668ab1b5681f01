/** The docs name everything there is: every field, setting, output, phase and state, and every link leads somewhere. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ConfigItem } from '../../lambdas/contract/config-item.ts';
import { consumerEnvironment } from '../../lambdas/contract/consumer-env.ts';
import { ReleaseCommand } from '../../lambdas/contract/messages.ts';
import { outputNames } from '../../lambdas/contract/outputs.ts';
import { Phase, PipelineRow, pipelineRowSchemaVersion } from '../../lambdas/contract/pipeline-row.ts';
import { Release, ReleasePointer, ReleaseState } from '../../lambdas/contract/release-row.ts';
import { ownReservedConcurrency, StageSettings } from '../../lambdas/contract/settings.ts';
import { type FieldCalls, fieldCalls } from '../domain/field-calls.ts';

const project = fileURLToPath(new URL('../../', import.meta.url));
const read = (path: string) => readFileSync(join(project, path), 'utf8');

/** First cells of the table rows of `text`, each with its whole row. */
function rowsOf(text: string): { names: string[]; row: string }[] {
  return text
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((row) => ({ names: [...(row.split('|')[1] ?? '').matchAll(/`([^`]+)`/g)].map(([, name]) => name ?? ''), row }));
}
const quoted = (text: string) => new Set([...text.matchAll(/`([^`\n]+)`/g)].map(([, word = '']) => word));
const named = (text: string) => new Set(rowsOf(text).flatMap(({ names }) => names));

/** Text of the chapter with this heading, chapters within it included. */
function chapter(text: string, heading: string): string {
  const [, level = ''] = /^(#+) /.exec(heading) ?? [];
  const start = text.indexOf(`\n${heading}\n`);
  if (start < 0) throw new Error(`no chapter ${heading}`);
  const body = text.slice(start + heading.length + 2);
  const end = body.search(new RegExp(`^#{1,${level.length}} `, 'm'));
  return end < 0 ? body : body.slice(0, end);
}

function fieldPaths(schema: z.ZodType, path = ''): string[] {
  const inner = schema instanceof z.ZodOptional ? (schema.unwrap() as z.ZodType) : schema;
  if (!(inner instanceof z.ZodObject)) return [path];
  return Object.entries(inner.shape).flatMap(([name, field]) => fieldPaths(field as z.ZodType, path ? `${path}.${name}` : name));
}

const wordOfAction: Record<string, string> = {
  awaitFunction: 'wait',
  putConcurrency: 'PutFunctionConcurrency',
  deleteConcurrency: 'DeleteFunctionConcurrency',
  updateMapping: 'UpdateEventSourceMapping',
  tagFunction: 'TagResource',
  untagFunction: 'UntagResource',
};
const wordOf = (action: string) => wordOfAction[action] ?? `${action[0]?.toUpperCase()}${action.slice(1)}`;

describe('docs/config-item.md', () => {
  const text = read('docs/config-item.md');

  it.each(fieldPaths(ConfigItem).filter((path) => !path.startsWith('function.vpc.')))('has a row for %s', (path) => {
    expect(named(chapter(text, '## Fields'))).toContain(path);
  });

  it.each(Object.values(consumerEnvironment))('tells consumers of %s', (key) => {
    expect(named(chapter(text, '## What a consumer gets'))).toContain(key);
  });

  const costs = rowsOf(chapter(text, '## What a change costs'));
  const rowFor = (field: string) =>
    costs.filter(({ names }) => names.includes(field) || names.includes(field.split('.')[0] ?? '')).map(({ row }) => row);

  // The replacement has a chapter of its own.
  const listed = fieldCalls.filter(({ field }) => field !== 'queue.fifo');
  it.each(listed)('names the calls of $field, $change', ({ field, calls }: FieldCalls) => {
    const inFunction = field.startsWith('function.') || field === 'secrets';
    const rows = [
      ...rowFor(field),
      ...(inFunction ? costs.filter(({ row }) => row.includes('any other field')).map(({ row }) => row) : []),
    ];
    expect(rows.length).toBeGreaterThan(0);
    for (const call of calls) expect(rows.join('\n')).toContain(wordOf(call));
  });
});

describe('docs/status.md', () => {
  const text = read('docs/status.md');
  it.each([...Phase.options, ...ReleaseState.options])('explains %s', (state) => expect(named(text)).toContain(state));
  it.each(Object.keys(PipelineRow.shape))('explains the field %s', (field) => expect(named(chapter(text, '### Fields'))).toContain(field));
  it.each([...Object.keys(Release.shape), ...Object.keys(ReleasePointer.shape)].filter((field) => !['id', 'revision'].includes(field)))(
    'explains the release field %s',
    (field) => expect(quoted(text)).toContain(field),
  );
  it('says the schema version', () =>
    expect(rowsOf(text).find(({ names }) => names.includes('schemaVersion'))?.row).toContain(`${pipelineRowSchemaVersion}.`));
});

describe('docs/operations.md', () => {
  const text = read('docs/operations.md');
  it.each(Object.keys(StageSettings.in.shape))('has a row for the setting %s', (name) =>
    expect(named(chapter(text, '## Settings'))).toContain(name),
  );
  it.each(outputNames)('has a row for the output %s', (name) => expect(named(chapter(text, '## Outputs'))).toContain(name));

  const { reconcilers } = StageSettings.parse({});
  it('knows the default of reconcilers', () => {
    const [row = ''] = rowsOf(text)
      .filter(({ names }) => names[0] === 'reconcilers')
      .map(({ row }) => row);
    for (const [name, value] of Object.entries(reconcilers)) expect(row).toContain(`"${name}": ${value}`);
  });

  it('knows what our own functions reserve', () => {
    const others = ownReservedConcurrency(StageSettings.parse({})) - Object.values(reconcilers).reduce((sum, share) => sum + share, 0);
    expect(rowsOf(text).find(({ names }) => names[0] === 'reserveOwnConcurrency')?.row).toContain(`all of \`reconcilers\`, and ${others})`);
  });

  const defaults = Object.entries(StageSettings.parse({})).filter(([name, value]) => name !== 'prefix' && typeof value !== 'object');
  it.each(defaults)('knows the default of %s', (name, value) => {
    expect(rowsOf(text).find(({ names }) => names[0] === name)?.row).toMatch(new RegExp(`\\b${value}\\b`));
  });
});

describe('docs/releases.md', () => {
  const text = read('docs/releases.md');
  it.each(ReleaseCommand.options.map((option) => option.shape.action.value))('shows the command %s', (action) =>
    expect(text).toContain(`"action": "${action}"`),
  );
});

const pages = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', ...filesIn('docs')];

describe('what is named', () => {
  const { scripts } = z.object({ scripts: z.record(z.string(), z.string()) }).parse(JSON.parse(read('package.json')));
  it.each(pages)('scripts of %s are in package.json', (page) => {
    for (const [, script = ''] of read(page).matchAll(/\bnpm run (?:-s )?([\w:]+)/g)) expect(Object.keys(scripts), page).toContain(script);
  });

  it.each(pages)('files of %s exist', (page) => {
    const paths = [...quoted(read(page))].filter((word) => /^(bench|bin|docs|examples|lambdas|lib|local|test)\/[\w./-]+$/.test(word));
    const inLambdas = [...quoted(read(page))].filter((word) => /^(aws|contract|domain|framework)\/[\w-]+\.ts$/.test(word));
    for (const path of [...paths, ...inLambdas.map((word) => `lambdas/${word}`)])
      expect(existsSync(join(project, path)), `${page}: ${path}`).toBe(true);
  });
});

describe('CONTRIBUTING.md', () => {
  const folders = readdirSync(join(project, 'test')).filter((folder) => folder !== 'support');
  it.each(folders)('says what test/%s covers', (folder) =>
    expect(named(chapter(read('CONTRIBUTING.md'), '## Test'))).toContain(`test/${folder}`),
  );
});

describe('links', () => {
  it.each(pages)('of %s lead somewhere', (page) => {
    const links = [...read(page).matchAll(/\]\((?!https?:)([^)#]*)(#[^)]*)?\)/g)];
    for (const [, path = '', anchor = ''] of links) {
      const target = path === '' ? page : join(dirname(page), path);
      expect(existsSync(join(project, target)), `${page} → ${path}`).toBe(true);
      if (anchor !== '') expect(anchorsOf(read(target)), `${page} → ${target}${anchor}`).toContain(anchor);
    }
  });
});

function filesIn(folder: string): string[] {
  return readdirSync(join(project, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => join(folder, file));
}

/** As GitHub makes them of headings. */
const anchorsOf = (text: string) =>
  [...text.matchAll(/^#+ (.+)$/gm)].map(
    ([, heading = '']) =>
      `#${heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-')}`,
  );
