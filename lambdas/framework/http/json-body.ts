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
  const lost = whatIsLost(value);
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
  let inText = false;
  for (let i = 0; i < text.length; i += 1) {
    const character = text.charCodeAt(i);
    if (inText) {
      if (character === backslash) i += 1;
      else if (character === quote) inText = false;
    } else if (character === quote) inText = true;
    else if (character === openBrace || character === openBracket) {
      depth += 1;
      if (depth > deepestJson) return true;
    } else if (character === closeBrace || character === closeBracket) depth -= 1;
  }
  return false;
}
const [quote, backslash, openBrace, closeBrace, openBracket, closeBracket] = [0x22, 0x5c, 0x7b, 0x7d, 0x5b, 0x5d];

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new HttpProblem('malformed', `The body is not JSON: ${error instanceof Error ? error.message.slice(0, 200) : ''}`);
  }
}

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
