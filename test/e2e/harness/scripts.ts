/** Scripts that more than one suite runs. */

/** A script that prints so many numbered lines of about 110 bytes, pausing after each, and all that it prints. */
export function numbered(lines: number, pauseSeconds: number): { readonly source: string; readonly whole: string } {
  const source = `
import time
def main():
    for i in range(${lines}):
        print("line", i, "x" * 100, flush=True)
        time.sleep(${pauseSeconds})
`;
  return { source, whole: Array.from({ length: lines }, (_, i) => `line ${i} ${'x'.repeat(100)}\n`).join('') };
}

/** Says that it is up, goes on for ever, and cleans up when it is stopped. */
export const ENDLESS = `
import time
def main():
    print("up", flush=True)
    try:
        while True: time.sleep(0.05)
    finally:
        print("cleaned up", flush=True)
`;
