/** The Prefer header (RFC 7240), as far as it is about waiting. What is not understood is ignored, as the RFC has it. */

export interface Preferences {
  /** Seconds. */
  wait?: number;
  respondAsync: boolean;
}

/** Of several headers the values come with commas between them. Of a preference that is there twice, the first counts. */
export function preferencesOf(header: string | undefined): Preferences {
  const found = new Map<string, string>();
  for (const preference of split(header ?? '', ',')) {
    const [first = ''] = split(preference, ';');
    const [name = '', ...rest] = first.split('=');
    const key = name.trim().toLowerCase();
    if (key !== '' && !found.has(key)) found.set(key, unquoted(rest.join('=').trim()));
  }
  const wait = found.get('wait') ?? '';
  return { respondAsync: found.has('respond-async'), ...(/^\d{1,9}$/.test(wait) ? { wait: Number(wait) } : {}) };
}

/** At separators that are not within quotes. */
function split(text: string, separator: ',' | ';'): string[] {
  const parts: string[] = [''];
  let quoted = false;
  for (let i = 0; i < text.length; i += 1) {
    const character = text[i] ?? '';
    if (quoted && character === '\\') {
      parts[parts.length - 1] += character + (text[i + 1] ?? '');
      i += 1;
    } else if (character === separator && !quoted) parts.push('');
    else {
      if (character === '"') quoted = !quoted;
      parts[parts.length - 1] += character;
    }
  }
  return parts;
}

const unquoted = (text: string) => (/^".*"$/s.test(text) ? text.slice(1, -1).replaceAll(/\\(.)/gs, '$1') : text);
