/** What a row of samples says. */
export interface Summary {
  readonly n: number;
  readonly median: number;
  readonly p95: number;
  readonly least: number;
  readonly most: number;
}

/** Quantiles by nearest rank: a value that was seen, never one between two. Throws without samples. */
export function summarise(samples: readonly number[]): Summary {
  const sorted = samples.toSorted((one, other) => one - other);
  const at = (share: number): number => {
    const value = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
    if (value === undefined) throw new Error('no samples');
    return value;
  };
  return { n: sorted.length, median: at(0.5), p95: at(0.95), least: at(0), most: at(1) };
}
