/** Scripts that more than one suite runs, and what they wait for. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { EMBEDDED } from './node.ts';
import type { Stack } from './stack.ts';

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

/** A script that prints, waits until it is told to go on, then does the last line; `goOn` tells the one in this pod, whoever else is away. */
export function waiting(
  { folder, kubectl }: Pick<Stack, 'folder' | 'kubectl'>,
  first: string,
  last: string,
): { readonly source: string; readonly goOn: (pod: string) => Promise<void> } {
  // On the embedded cluster a pod is a process of this machine, and no command runs in it.
  const file = EMBEDDED ? path.join(folder, 'go-on') : '/tmp/go-on';
  const source = `
import os, time
def main():
    print(${JSON.stringify(first)}, flush=True)
    while not os.path.exists(${JSON.stringify(file)}): time.sleep(0.05)
    ${last}
`;
  const goOn = async (pod: string): Promise<void> => {
    if (EMBEDDED) return writeFile(file, '');
    const { code, stderr } = await kubectl(['exec', pod, '--', 'touch', file]);
    if (code !== 0) throw new Error(`touch ${file} in ${pod}: ${stderr}`);
  };
  return { source, goOn };
}
