/** Prometheus text, as far as the benchmarks read it: what the API server, the kubelet and the operator count of themselves. */

/** One sample: the labels' values by name, and the value. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const LINE = /^(?<name>[A-Za-z_:][\w:]*)(?:\{(?<labels>.*)\})? (?<value>\S+)/;
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g;

/** All samples of one metric. */
export function samples(text: string, metric: string): Sample[] {
  const found: Sample[] = [];
  for (const line of text.split('\n')) {
    if (!line.startsWith(metric)) continue;
    const { name, labels = '', value } = LINE.exec(line)?.groups ?? {};
    if (name !== metric) continue;
    const pairs = [...labels.matchAll(LABEL)].map(([, key = '', text = '']) => [key, text] as const);
    found.push({ labels: Object.fromEntries(pairs), value: Number(value) });
  }
  return found;
}

/** The sum of one metric's samples; 0 where there are none. */
export function total(text: string, metric: string): number {
  return samples(text, metric).reduce((sum, { value }) => sum + value, 0);
}
