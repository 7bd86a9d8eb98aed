import { expect } from '@jest/globals';
import { alone } from '../case.ts';
import type { ContractCase } from '../case.ts';
import type { Cluster } from '../harness/cluster.ts';
import { withKnobs } from '../harness/knobs.ts';
import type { RawAttach } from '../harness/attach.ts';
import { LONG_SECONDS, pause, until } from '../harness/poll.ts';
import { readLines } from '../harness/stream.ts';
import type { Lines } from '../harness/stream.ts';

const LISTENER = `
import sys
print('hello', flush=True)
for line in sys.stdin: print('got', line.strip(), flush=True)
`;

/** Attaches every few milliseconds while a container starts, one message each; all are left open, so no close loses it. */
async function attachAtStart(cluster: Cluster): Promise<{ lost: RawAttach[]; heard: number }> {
  const name = cluster.unique('start');
  const tries: { attached: RawAttach; message: string }[] = [];
  await cluster.pods.create(name, LISTENER);
  const following = cluster.pods.follow(name);
  let found: Lines | undefined;
  void following.then((log) => (found = log));
  const pending: Promise<unknown>[] = [];
  // On until the log has the answer to an attach: then the container is long there. Seldomer where that takes long.
  const end = performance.now() + LONG_SECONDS * 1000;
  for (let index = 0; !found?.all.some((line) => line.startsWith('got')) && performance.now() < end; index++) {
    const attempt = cluster.attach(name).then(async (attached) => {
      await attached.send(`try${index}\n`);
      tries.push({ attached, message: `got try${index}` });
    });
    pending.push(attempt.catch(() => undefined)); // no node yet
    await pause(index < 200 ? 8 : 50);
  }
  await Promise.all(pending);
  const log = await following;
  const mute = (): { attached: RawAttach; message: string }[] =>
    tries.filter(({ message }) => !log.all.includes(message));
  await until('a word about each', () => mute().every(({ attached }) => attached.outcome() !== undefined));
  log.close();
  const lost = mute().map(({ attached }) => attached);
  await Promise.all(lost.map(({ closed }) => closed));
  for (const { attached } of tries) attached.socket.terminate();
  await cluster.pods.remove(name, 0);
  return { lost, heard: tries.length - lost.length };
}

/** Reads lines and tells each as runs of equal letters, `line a512 b3 a7`; sleeps as many seconds as a line says. */
const READER = `
import itertools, os, time
def reads():
    rest = b''
    while True:
        rest += os.read(0, 65536)
        *lines, rest = rest.split(b'\\n')
        yield from lines
print('hello', flush=True)
for line in reads():
    if line.startswith(b'sleep'):
        print('sleeping', flush=True)
        time.sleep(int(line[5:]))
    elif line: print('line', *(chr(k) + str(len(list(g))) for k, g in itertools.groupby(line)), flush=True)
`;

const count = (lines: readonly string[], letter: string): number =>
  lines
    .filter((line) => line.startsWith('line'))
    .flatMap((line) => line.split(' ').slice(1))
    .filter((run) => run.startsWith(letter))
    .reduce((sum, run) => sum + Number(run.slice(1)), 0);

/**
 * Two megabytes in one line over one attach, then a short line over another, while the reader sleeps: all that it tells, and the line
 * that has the second one's letters. Where a busy machine let the reader wake too soon it is asked to sleep longer.
 */
async function spliced(
  cluster: Cluster,
  between: (one: RawAttach) => Promise<void>,
): Promise<{ line: string | undefined; all: readonly string[] }> {
  let line: string | undefined;
  let all: readonly string[] = [];
  for (const seconds of [2, 10, 30]) {
    const name = cluster.unique('spliced');
    await cluster.pods.create(name, READER);
    const log = await cluster.pods.follow(name);
    cluster.atEnd(async () => log.close());
    await log.find(/hello/);
    const one = await cluster.attach(name);
    await one.send(`sleep${seconds}\n`);
    await log.find(/sleeping/);
    await one.send(`${'a'.repeat(2e6)}\n`);
    await pause(300); // the reader sleeps: the pipe is full, and the rest waits in the node
    await between(one);
    const other = await cluster.attach(name);
    await other.send('bbb\n');
    await until('both', () => count(log.all, 'a') > 0 && count(log.all, 'b') === 3);
    all = log.all;
    line = all.find((it) => it.startsWith('line') && it.includes('b'));
    if (line?.includes('a') === true) break;
  }
  return { line, all };
}

const LINES = 200_000;
const burst = (wait: number): string => `
import os, sys, time
print('hello', flush=True)
sys.stdin.readline()
sys.stdout.write(''.join('%06d\\n' % i for i in range(${LINES})))
sys.stdout.flush()
time.sleep(${wait})
os._exit(0)
`;

const numbers = (lines: string[]): string[] => lines.filter((line) => /^\d{6}$/.test(line));

/** Prints all lines at once, waits, exits: what a follower got and what a later read gets. */
async function printAndExit(cluster: Cluster, wait: number): Promise<{ followed: string[]; read: string[] }> {
  const name = cluster.unique('burst');
  await cluster.pods.create(name, burst(wait));
  const log = await cluster.pods.follow(name);
  await log.find(/hello/);
  await (await cluster.attach(name)).send('go\n');
  await log.done;
  await cluster.pods.ended(name);
  const read = numbers((await cluster.pods.log(name)).text.split('\n'));
  await cluster.pods.remove(name, 0);
  return { followed: numbers([...log.all, log.rest()]), read };
}

const sequence = Array.from({ length: LINES }, (_, index) => String(index).padStart(6, '0'));

/** What a node does to those who trust it. The embedded cluster does the same where a knob asks for it. */
export const MANNERS: readonly ContractCase[] = [
  alone('an attach during the start opens, takes bytes and loses them; a Failure tells, sooner or later', (cluster) =>
    withKnobs(cluster.knobs, { attachLossMs: 200 }, async () => {
      let lost: RawAttach[] = [];
      let heard = 0;
      for (let start = 0; start < 6 && lost.length === 0; start++) ({ lost, heard } = await attachAtStart(cluster));

      expect(lost.length).toBeGreaterThan(0);
      expect(heard).toBeGreaterThan(0);
      for (const attached of lost) {
        expect(attached.events[0]).toBe('open');
        expect(attached.outcome()).toMatchObject({ status: 'Failure', code: 500 });
        expect(attached.events.at(-1)).toBe('close 1000');
      }
    }),
  ),

  alone('bytes of a second attach land inside a line of the first', async (cluster) => {
    const { line, all } = await spliced(cluster, () => Promise.resolve());
    await until('all bytes', () => count(all, 'a') === 2e6);

    expect(line).toMatch(/^line a\d+ b3$/);
  }),

  alone('what a dead client had sent comes later, and runs into the next one’s line', async (cluster) => {
    const { line } = await spliced(cluster, (one) => {
      one.socket.terminate();
      return one.closed;
    });

    expect(line).toMatch(/^line a\d+ b3/);
  }),

  alone('a slow reader of an attach holds up the container’s own writes', async (cluster) => {
    const name = cluster.unique('heldup');
    const source =
      "import os, time\nos.write(1, b'hello\\n')\nos.write(1, os.read(0, 99))\nos.read(0, 99)\nfor i in range(1 << 15): os.write(1, b'x' * 65500 + b' %d\\n' % i)\ntime.sleep(600)";
    await cluster.pods.create(name, source);
    await (await cluster.pods.follow(name)).find(/hello/);
    // Not from a follow: one that is slow itself skips what is rotated away meanwhile. A line is four or five in the node's file.
    // With a limit, for a read of what is being written goes on to its end, which may be two gigabytes away.
    const end = async (): Promise<string> => (await cluster.pods.log(name, { tailLines: 8, limitBytes: 1 << 20 })).text;
    const slow = await cluster.attach(name, 'container=main&stdin=true&stdout=true');
    await slow.send('one\n');
    await slow.find(/one\n/); // its stdout is there: stdin is a moment before
    slow.socket.pause();
    await slow.send('go\n');
    await until('the writing', async () => /x \d+\n/.test(await end()), { everyMs: 250 });
    // How much the connections between take in depends on the machine: tens of megabytes, or a hundred where it is busy. Not two gigabytes.
    const still = await until('a standstill', async () => {
      const before = await end();
      await pause(3000);
      return (await end()) === before && { before };
    });
    slow.socket.resume();
    await until('the writing to go on', async () => (await end()) !== still.before, { everyMs: 250 });
    slow.socket.terminate();
    await cluster.pods.remove(name, 0);
  }),

  alone(
    'a container that prints much and exits at once loses its last lines; the follower and a later read agree',
    (cluster) =>
      withKnobs(cluster.knobs, { loseTail: 1 }, async () => {
        let run = { followed: sequence, read: sequence };
        // About half of the runs on a real node, which may be lucky twelve times over.
        for (let start = 0; start < 12 && run.read.length === LINES; start++) run = await printAndExit(cluster, 0);

        if (cluster.knobs) expect(run.read.length).toBeLessThan(LINES);
        expect(run.read).toEqual(sequence.slice(0, run.read.length)); // the tail, no holes
        expect(run.followed).toEqual(run.read);
      }),
  ),

  alone('with some seconds before the exit nothing is lost', (cluster) =>
    withKnobs(cluster.knobs, { loseTail: 1 }, async () => {
      let [followed, read]: string[][] = [[], []];
      // A busy machine may need more of them.
      for (const seconds of [3, 10, 30]) {
        ({ followed, read } = await printAndExit(cluster, seconds));
        if (read.length === LINES && followed.length === LINES) break;
      }

      expect(read).toEqual(sequence);
      expect(followed).toEqual(sequence);
    }),
  ),

  alone('one follow too many is answered with 200, the log so far, and an error as text', (cluster) =>
    withKnobs(cluster.knobs, { maxFollows: 20 }, async () => {
      const name = cluster.unique('follows');
      await cluster.pods.create(name, "import time\nprint('hello', flush=True)\ntime.sleep(600)");
      const first = await cluster.pods.follow(name);
      await first.find(/hello/);
      const open: Lines[] = [first];
      let refused: Lines | undefined;
      while (!refused && open.length < 600) {
        const lines = await readLines(cluster, `${cluster.pods.pathOf(name)}/log`, { query: { follow: true } });
        await until('its first word', () => lines.all.length > 0 || lines.ended());
        open.push(lines);
        // A refused follow ends by itself; on a busy machine not before the next is asked for.
        await Promise.race([lines.done, pause(30)]);
        refused = open.find((it) => it.ended());
      }
      for (const lines of open) lines.close();
      if (!refused && !cluster.knobs) return; // a node with more room than ours

      expect(refused?.code).toBe(200);
      expect(refused?.all[0]).toBe('hello');
      expect([...refused!.all, refused!.rest()].join('\n')).toContain(
        'failed to create fsnotify watcher: too many open files',
      );
    }),
  ),
];
