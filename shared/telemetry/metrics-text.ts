/** A family of numbers under one name, each told apart by its labels. */
export interface Metric {
  /** For example `longshore_watch_tags`. */
  readonly name: string;
  /** One line for people, with the unit. */
  readonly help: string;
  readonly samples: readonly {
    readonly labels: Readonly<Record<string, string>>;
    readonly value: number;
  }[];
}

/** What Prometheus and OpenTelemetry collectors scrape (Prometheus text exposition format 0.0.4). Every metric is a gauge. */
export function metricsText(metrics: readonly Metric[]): string {
  return metrics
    .map(({ name, help, samples }) =>
      [
        `# HELP ${name} ${help}\n`,
        `# TYPE ${name} gauge\n`,
        ...samples.map(({ labels, value }) => `${name}{${formatLabels(labels)}} ${value}\n`),
      ].join(''),
    )
    .join('');
}

function formatLabels(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([key, value]) => `${key}="${escapeValue(value)}"`)
    .join(',');
}

function escapeValue(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
