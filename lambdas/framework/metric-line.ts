/** Embedded metrics (CloudWatch/CloudWatch_Embedded_Metric_Format_Specification): a log line of which CloudWatch makes metrics. */
import { metricNamespace } from '../contract/metrics.ts';

export interface MetricValue {
  name: string;
  unit: string;
  value: number;
}

export function metricLine(dimensions: Record<string, string>, metrics: readonly MetricValue[], nowMs: number): string {
  const directive = {
    Namespace: metricNamespace,
    Dimensions: [Object.keys(dimensions)],
    Metrics: metrics.map(({ name: Name, unit: Unit }) => ({ Name, Unit })),
  };
  const values = Object.fromEntries(metrics.map(({ name, value }) => [name, value]));
  return `${JSON.stringify({ _aws: { Timestamp: nowMs, CloudWatchMetrics: [directive] }, ...dimensions, ...values })}\n`;
}
