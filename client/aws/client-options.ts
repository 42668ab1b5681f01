/** How every SDK client here calls AWS: a call that hangs is cut off, and tried five times in all. */
export const clientOptions = {
  maxAttempts: 5,
  requestHandler: { connectionTimeout: 5_000, requestTimeout: 20_000, throwOnRequestTimeout: true },
};
