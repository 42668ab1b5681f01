/** Failures whose message says what failed and what to do, in a sentence for people; shown without a stack trace. */
export class HelpfulError extends Error {
  override readonly name: string = 'HelpfulError';
}

/** Of a command line that cannot be meant. */
export class UsageError extends HelpfulError {
  override readonly name = 'UsageError';
}
