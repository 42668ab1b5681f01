/** How every client of a consumer calls AWS. */

/** A call that hangs must not eat the task's time: cut off, and tried three times by the SDK (its `standard` mode). */
export const clientOptions = {
  maxAttempts: 3,
  requestHandler: { connectionTimeout: 2_000, requestTimeout: 5_000, throwOnRequestTimeout: true },
};
