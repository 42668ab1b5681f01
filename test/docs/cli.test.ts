/** docs/cli.md names every command and option there is. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { allCommands } from '../../cli/commands/all.ts';
import { exitCodes } from '../../cli/exit-code.ts';
import { inProject } from '../../local/paths.ts';

const text = readFileSync(inProject('docs', 'cli.md'), 'utf8');

describe.each(allCommands())('sluice $_name', (command) => {
  const [, chapter = ''] = text.split(new RegExp(`\n## \`sluice ${command.name()}[ \`]`));
  const stageOptions = ['--stack', '--local'];

  it.each(command.options.map(({ long }) => long ?? ''))('%s', (option) =>
    expect(stageOptions.includes(option) ? text : chapter.split('\n## ')[0]).toContain(`\`${option}`),
  );
});

it.each(Object.values(exitCodes))('says what exit code %i means', (code) => expect(text).toMatch(new RegExp(`^\\| ${code} +\\|`, 'm')));
