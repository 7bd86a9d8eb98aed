let offset = 0;

/** Milliseconds since the epoch as Python's time.time() has them, with fractions: both sides of a measurement read one clock. */
export function wall(): number {
  return performance.now() + offset;
}

/** Sets wall() by the system's clock, which is slewed while a benchmark runs: spins to its next millisecond. */
export function setClock(): void {
  const before = Date.now();
  let now = before;
  while (now === before) now = Date.now();
  offset = now - performance.now();
}

/** A pause of random length: what a node looks at once a second must not see every sample at the same point of it. */
export function randomPause(mostMs = 1000): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.random() * mostMs));
}
