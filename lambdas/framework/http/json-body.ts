/** A request's body as JSON: its type, size, encoding and depth are looked at before anything walks through it. */
import type { FieldError } from '../../contract/problems.ts';
import { fieldProblem, HttpProblem } from './problem.ts';
import type { HttpRequest } from './request.ts';

/** Deeper than anybody nests by hand; a parser that goes down by calling itself gets much further. */
export const deepestJson = 100;

export interface BodyLimit {
  /** From this many bytes on it is refused. */
  bytes: number;
  /** What to do instead. */
  instead: string;
}

export function jsonBody(request: HttpRequest, limit: BodyLimit): unknown {
  requireJsonType(request.headers);
  const text = bodyText(request.body, limit);
  if (text.trim() === '') throw new HttpProblem('malformed', 'The body is empty; it must be JSON');
  if (isTooDeep(text)) throw new HttpProblem('malformed', `The body is nested deeper than ${deepestJson} levels`);
  const value = parsed(text);
  const lost = mayLose.test(text) ? whatIsLost(value) : undefined;
  if (lost !== undefined) throw fieldProblem('malformed', [lost]);
  return value;
}

function requireJsonType(headers: ReadonlyMap<string, string>): void {
  const [type = ''] = (headers.get('content-type') ?? '').toLowerCase().split(/[;,]/);
  if (!/^(application\/([\w.-]+\+)?json)?$/.test(type.trim()))
    throw new HttpProblem('not-json', `The body is said to be ${type.trim().slice(0, 100)}; send application/json`);
  const encoding = (headers.get('content-encoding') ?? '').trim().toLowerCase();
  if (encoding !== '' && encoding !== 'identity') throw new HttpProblem('not-json', 'The body is said to be compressed; send it plain');
}

function bodyText({ text, isBase64 }: HttpRequest['body'], limit: BodyLimit): string {
  const bytes = isBase64 ? Math.floor((text.length * 3) / 4) : Buffer.byteLength(text);
  if (bytes >= limit.bytes)
    throw new HttpProblem('too-large', `The body has ${bytes} bytes, ${limit.bytes} are too many; ${limit.instead}`);
  if (!isBase64) return text;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(text, 'base64'));
  } catch {
    throw new HttpProblem('malformed', 'The body is not UTF-8');
  }
}

/** By the brackets outside of texts; whether they fit is the parser's to say. */
function isTooDeep(text: string): boolean {
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (character === '"') at = endOfText(text, at);
    else if (character === '{' || character === '[') {
      depth += 1;
      if (depth > deepestJson) return true;
    } else if (character === '}' || character === ']') depth -= 1;
  }
  return false;
}

/** Place of the quote that ends the text which begins at `start`: the next one that is not escaped. */
function endOfText(text: string, start: number): number {
  for (let at = text.indexOf('"', start + 1); at >= 0; at = text.indexOf('"', at + 1)) {
    let slashes = 0;
    while (text[at - 1 - slashes] === '\\') slashes += 1;
    if (slashes % 2 === 0) return at;
  }
  return text.length;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new HttpProblem('malformed', `The body is not JSON: ${error instanceof Error ? error.message.slice(0, 200) : ''}`);
  }
}

/** Where nothing like it is in the text, nothing needs to be looked through. A name may be written with escapes. */
const mayLose = /__proto__|\\u|[eE]\+?\d{3}|\d{200}/;

/** The first that would not come out as it went in: objects that are copied lose a field `__proto__` without a word. */
function whatIsLost(value: unknown): FieldError | undefined {
  if (typeof value === 'number' && !Number.isFinite(value)) return { field: '', message: 'is a number larger than JSON has in JavaScript' };
  if (typeof value !== 'object' || value === null) return undefined;
  if (Object.hasOwn(value, '__proto__')) return { field: '__proto__', message: 'a field of this name is not taken' };
  for (const [key, inner] of Object.entries(value)) {
    const found = whatIsLost(inner);
    if (found !== undefined) return { ...found, field: found.field === '' ? key : `${key}.${found.field}` };
  }
  return undefined;
}
