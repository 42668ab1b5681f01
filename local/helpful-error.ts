/** A failure whose message says what failed and what to do, in a sentence for people; shown without a stack trace. */
export class HelpfulError extends Error {
  override readonly name = 'HelpfulError';
}
