/** Metrics that our functions write to their logs, as alarms find them. */

/** That of consumers as well, with their dimension `Stage`. */
export const metricNamespace = 'Sluice';
