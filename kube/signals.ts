/** Whether the signal has aborted by now. A call, since the compiler takes `signal.aborted` for unchanged once it was read. */
export function aborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted ?? false;
}
