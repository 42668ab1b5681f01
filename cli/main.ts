/** `sluice`: the command line over the API, tables, queues and bucket that its users have. One file per command in commands/. */
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { z } from 'zod';
import { allCommands } from './commands/all.ts';
import { endingOf } from './exit-code.ts';

const help = `
Examples:
  sluice submit tasks.ndjson --group A   run the tasks of a file, and follow them
  sluice release src/consumer.ts         bring a consumer to every pipeline on consumer.zip
  sluice dead-letters                    what failed for good, and why
  sluice redrive "customer 7"            put it back

Exit codes: 0 done, 1 failed or only done in part, 2 wrong usage, 130 interrupted.
\`sluice <command> --help\` tells more; docs/cli.md all of it.`;

/** In a checkout this file is in cli/, in the package in dist/cli/. */
function version(): string {
  const places = ['../package.json', '../../package.json'].map((place) => new URL(place, import.meta.url));
  for (const place of places) {
    try {
      return z.object({ version: z.string() }).parse(JSON.parse(readFileSync(place, 'utf8'))).version;
    } catch {}
  }
  return 'unknown';
}

const program = new Command('sluice')
  .description('Sluice: a pipeline of its own, at its own speed, for every task group.')
  .version(version())
  .addHelpText('after', help)
  .exitOverride()
  .showHelpAfterError('(`sluice --help`, or `sluice <command> --help`, tells more)');
// `addCommand` leaves a command its own settings.
for (const command of allCommands()) program.addCommand(command.copyInheritedSettings(program));

// Whoever reads our output may have read enough (`| head`).
process.stdout.on('error', (error) => {
  if ('code' in error && error.code === 'EPIPE') process.exit(0);
  throw error;
});

try {
  await program.parseAsync();
} catch (error) {
  const { code, says } = endingOf(error);
  if (says !== undefined) process.stderr.write(`✖ ${says}\n`);
  process.exitCode = code;
}
