/** One way to misbehave, for requests that fit. */
export interface Fault {
  /**
   * `latency` waits first; `throttle` answers 429; `error` and `error-after` answer 500, `reset` and `reset-after` cut the
   * connection: before the request is looked at, or after it was committed.
   */
  kind: 'latency' | 'throttle' | 'error' | 'error-after' | 'reset' | 'reset-after';
  /** HTTP method; any without. */
  method?: string;
  /** Regular expression over path and query; any without. */
  path?: string;
  /** How often yet; without, for ever. */
  times?: number;
  /** Probability, 1 by default. */
  rate?: number;
  /** Milliseconds of `latency`. */
  latencyMs?: number;
  /** Seconds of `Retry-After` for `throttle`, 1 by default. */
  retryAfterSeconds?: number;
}

/** What tests can turn while the server runs. */
export interface Knobs {
  faults: Fault[];
  /** Milliseconds by which watch events come late; 0 by default. */
  watchDelayMs: number;
  /** Milliseconds between bookmarks; a minute by default. */
  bookmarkMs: number;
  /** How a watch from a forgotten resourceVersion is refused: in the stream (as a real server does), or by HTTP status. */
  watchExpiredAs: 'event' | 'status';
  /** Milliseconds between the deletion of a namespace and that of its contents; 0 by default, 5000 on a real one. */
  namespaceDelayMs: number;
  /** Ends all watches now; without `clean`, by cutting their connections. */
  dropWatches(clean?: boolean): void;
  /** Forgets old events and tells open watches so: 410 in the stream. */
  expireWatches(): void;
  /** Kills the containers of a pod with SIGKILL, as a failing node would. */
  killPod(namespace: string, name: string): void;
}

/** The knobs that are values. */
export type KnobValues = Pick<Knobs, 'faults' | 'watchDelayMs' | 'bookmarkMs' | 'watchExpiredAs' | 'namespaceDelayMs'>;

/** All quiet. */
export function defaultKnobs(): KnobValues {
  return { faults: [], watchDelayMs: 0, bookmarkMs: 60_000, watchExpiredAs: 'event', namespaceDelayMs: 0 };
}

/** Takes the faults that a request meets, counting them down. */
export function takeFaults(knobs: KnobValues, method: string, url: string, random: () => number): Fault[] {
  const met: Fault[] = [];
  for (const fault of knobs.faults) {
    if (fault.times !== undefined && fault.times <= 0) continue;
    if (fault.method !== undefined && fault.method !== method) continue;
    if (fault.path !== undefined && !new RegExp(fault.path).test(url)) continue;
    if (fault.rate !== undefined && random() >= fault.rate) continue;
    if (fault.times !== undefined) fault.times--;
    met.push(fault);
  }
  if (met.length > 0) knobs.faults = knobs.faults.filter(({ times }) => times === undefined || times > 0);
  return met;
}

/** Takes values from JSON of the private path; what is no knob is refused by name. */
export function setKnobs(knobs: KnobValues, values: Record<string, unknown>): string | undefined {
  for (const [key, value] of Object.entries(values)) {
    if (key === 'faults' && Array.isArray(value)) knobs.faults = value as Fault[];
    else if (
      (key === 'watchDelayMs' || key === 'bookmarkMs' || key === 'namespaceDelayMs') &&
      typeof value === 'number'
    ) {
      knobs[key] = value;
    } else if (key === 'watchExpiredAs' && (value === 'event' || value === 'status')) knobs[key] = value;
    else return `no such knob, or not with this value: ${key}`;
  }
  return undefined;
}
