/** Lines of a stream of bytes: wherever its chunks are cut, in the middle of a letter too. Empty lines are left out. */

export async function* linesOf(source: AsyncIterable<Uint8Array | string>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  // A long line comes in many chunks: they are put together once.
  let pieces: string[] = [];
  for await (const chunk of source) {
    const text = typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true });
    const lines = text.split('\n');
    const rest = lines.pop() ?? '';
    for (const line of lines) {
      const whole = pieces.length === 0 ? line : [...pieces, line].join('');
      pieces = [];
      if (whole.trim() !== '') yield whole;
    }
    if (rest !== '') pieces.push(rest);
  }
  const last = [...pieces, decoder.decode()].join('');
  if (last.trim() !== '') yield last;
}
