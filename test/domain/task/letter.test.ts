/** A letter always fits and always reads back; where the message has no room, it says so and changes nothing. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Letter, letterBytes, taskAttributes } from '../../../lambdas/contract/task-wire.ts';
import { type Attributes, letterText, readLetter, withLetter } from '../../../lambdas/domain/task/letter.ts';

const time = '2026-11-21T10:00:00.000Z';
const letterOf = (fields: Partial<Letter> = {}) =>
  Letter.parse({ v: 1, task: 't1', group: 'acme', class: 'DATA', message: 'no price', attempt: 2, time, ...fields });
const read = (letter: Letter) => readLetter(letterText(letter));
const failed = (attempt: number, message: string) => ({ attempt, class: 'TRANSIENT', message, time }) as const;
const bytes = (text: string) => Buffer.byteLength(text);

describe('a letter as text', () => {
  const full = letterOf({
    stack: 's'.repeat(300),
    step: 'pay',
    job: 'j1',
    sentAt: time,
    redrives: 3,
    history: [failed(1, 'late')],
    by: 'sqs',
  });

  it('reads back whole where it fits', () => expect(read(full)).toEqual(full));

  it('loses the end of its stack first', () => {
    const stack = 'at f (x.ts:1)\n'.repeat(1_000);
    const short = read({ ...full, stack });
    expect(short).toEqual({ ...full, stack: short?.stack });
    expect(stack.startsWith(short?.stack ?? 'none')).toBe(true);
    expect(bytes(letterText({ ...full, stack }))).toBeGreaterThan(letterBytes - 2);
  });

  it('then the oldest of its history', () => {
    const history = Array.from({ length: 20 }, (_, i) => failed(i + 1, `m${i}`.padEnd(400, 'x')));
    const short = read({ ...full, history });
    expect(short?.history.length).toBeGreaterThan(5);
    expect(short?.history).toEqual(history.slice(-(short?.history.length ?? 0)));
    expect(short).toMatchObject({ message: full.message, step: 'pay', job: 'j1' });
    expect(short?.stack).toBeUndefined();
  });

  it('then the end of its message, marked', () => {
    const short = read({ ...full, message: 'é'.repeat(5_000) });
    expect(short?.message).toMatch(/^é{1500,}…$/);
    expect(short).toMatchObject({ step: 'pay', job: 'j1', history: [] });
  });

  it('then its step, and its job last', () => {
    const { step: _step, stack: _stack, ...rest } = full;
    const noRoom = { ...full, message: 'long'.repeat(2_000), step: 's'.repeat(5_000) };
    expect(read(noRoom)).toEqual({ ...rest, message: '…', history: [] });
    expect(read({ ...noRoom, job: 'j'.repeat(5_000) })?.job).toBeUndefined();
  });

  it('is not cut inside a character', () => {
    for (const shift of ['', 'a', 'ab', 'abc', 'abcd']) {
      const short = read(letterOf({ message: shift + '😀'.repeat(3_000) }));
      expect(short?.message).toMatch(/^[a-d]*(😀)+…$/u);
    }
  });
});

const xmlText = fc
  .array(
    fc.oneof(
      { weight: 6, arbitrary: fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }) },
      fc.constantFrom('"', '\\', '\n', '\t', '\u007f', '\ufffd', '😀', 'é'),
    ),
    { maxLength: 1_024 },
  )
  .map((characters) => characters.join(''));
const unicode = fc.oneof(fc.string({ unit: 'binary', maxLength: 6_000 }), fc.constantFrom('\ufffe\uffff\u0000\ud800 \udc00'.repeat(400)));
const isXml = /^[\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]*$/u;
const asId = (text: string) => {
  const valid = [...text].filter((character) => isXml.test(character)).join('');
  let id = `t${valid}`;
  while (bytes(id) > 1_024) id = [...id].slice(0, -1).join('');
  return id;
};

const anyLetter = fc.record({
  task: fc.oneof(xmlText.map(asId), fc.constant('"'.repeat(1_024))),
  group: fc.oneof(fc.string({ unit: 'binary', minLength: 1, maxLength: 127 }), fc.constant('\u0001'.repeat(255))),
  class: fc.constantFrom('TRANSIENT', 'CONFIGURATION', 'PERMANENT'),
  attempt: fc.nat(),
  redrives: fc.nat(),
  message: unicode,
  stack: fc.option(unicode, { nil: undefined }),
  step: fc.option(unicode, { nil: undefined }),
  job: fc.option(unicode, { nil: undefined }),
  history: fc.array(
    unicode.map((message) => failed(1, message)),
    { maxLength: 5 },
  ),
} as const);

describe('any letter', () => {
  it('fits, has characters SQS takes only, and keeps what it is about', () => {
    fc.assert(
      fc.property(anyLetter, (fields) => {
        const { stack, step, job, ...rest } = fields;
        const letter = letterOf({ ...rest, ...(stack && { stack }), ...(step && { step }), ...(job && { job }), sentAt: time });
        const text = letterText(letter);
        expect(bytes(text)).toBeLessThanOrEqual(letterBytes);
        expect(text).toMatch(isXml);
        const { task, group, class: errorClass, attempt, redrives } = letter;
        expect(readLetter(text)).toMatchObject({ task, group, class: errorClass, attempt, redrives, time, sentAt: time });
      }),
      { numRuns: 300 },
    );
  });
});

describe('what is not a letter of ours', () => {
  it.each([
    ['nothing', undefined],
    ['no JSON', 'hello'],
    ['other JSON', '{"v":1}'],
    ['a letter of a later version', JSON.stringify({ ...letterOf(), v: 2 })],
    ['an id no key can hold', JSON.stringify(letterOf({ task: 'x'.repeat(1_025) }))],
    ['no id', JSON.stringify(letterOf({ task: '' }))],
    ['half an attempt', JSON.stringify(letterOf({ attempt: 0.5 }))],
    ['no redrive less than none', JSON.stringify(letterOf({ redrives: -1 }))],
    ['no moment', JSON.stringify(letterOf({ sentAt: 'yesterday' }))],
  ])('%s is read as none', (_what, text) => expect(readLetter(text)).toBeUndefined());
});

describe('a letter beside the attributes of the author', () => {
  const text = (value: string) => ({ DataType: 'String', StringValue: value });
  const many = (count: number): Attributes => Object.fromEntries(Array.from({ length: count }, (_, i) => [`a${i}`, text('x')]));
  const letter = letterOf();
  const own = bytes('sluice') + bytes('String') + bytes(letterText(letter));
  const mebibyte = 1_048_576;

  it.each<[string, Attributes, number, boolean]>([
    ['none', {}, 10, true],
    ['nine', many(9), 10, true],
    ['ten', many(10), 10, false],
    ['ten with an older letter among them', { ...many(9), sluice: text('old') }, 10, true],
    ['a body that leaves just enough', {}, mebibyte - own, true],
    ['a body that leaves a byte too little', {}, mebibyte - own + 1, false],
    ['a body, and bytes that count', { b: { DataType: 'Binary', BinaryValue: new Uint8Array(10) } }, mebibyte - own - 17, true],
    ['a body, and bytes that are one too many', { b: { DataType: 'Binary', BinaryValue: new Uint8Array(11) } }, mebibyte - own - 17, false],
  ])('%s', (_what, attributes, bodyBytes, fits) => {
    const laid = withLetter(attributes, bodyBytes, letter);
    expect(laid.fits).toBe(fits);
    expect(laid.attributes).toEqual(fits ? { ...attributes, [taskAttributes.letter]: text(letterText(letter)) } : attributes);
  });
});
