import { expect, it } from 'vitest';
import { parseStartArguments } from '../../local/arguments.ts';

it('runs the demo for a minute and stays up by default', () => {
  expect(parseStartArguments([])).toEqual({ help: false, once: false, demo: true, port: undefined, seconds: 60 });
});

it('takes every option', () => {
  expect(parseStartArguments(['--once', '--no-demo', '--port', '4566', '--seconds=20', '-h'])).toEqual({
    help: true,
    once: true,
    demo: false,
    port: 4_566,
    seconds: 20,
  });
});

it.each([
  [['--prot', '1'], "Unknown option '--prot'. See `npm start -- --help`."],
  [['up'], "Unexpected argument 'up'. See `npm start -- --help`."],
  [['--port', '80'], '--port must be a whole number from 1024 to 65535, not `80`.'],
  [['--port', 'any'], '--port must be a whole number from 1024 to 65535, not `any`.'],
  [['--seconds', '1.5'], '--seconds must be a whole number from 5 to 3600, not `1.5`.'],
])('refuses %j with a sentence', (args, sentence) => {
  expect(() => parseStartArguments(args)).toThrow(sentence);
});
