/** When an event is delivered again, and when its webhook is given up. Pure. */

/** Seconds from a try that failed to the next, by the tries so far; the last goes on for all that follow. */
const delays = [5, 30, 120, 600, 1_800, 3_600] as const;
const hourly = 3_600;

export const delayAfter = (tries: number) => delays[tries - 1] ?? hourly;

/** The last of them comes 24 hours after the first. */
export const mostWebhookTries = triesWithin(86_400);

function triesWithin(seconds: number): number {
  let tries = 1;
  for (let passed = delayAfter(1); passed <= seconds; passed += delayAfter(tries)) tries += 1;
  return tries;
}
