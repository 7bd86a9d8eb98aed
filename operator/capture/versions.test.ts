/** This operator's capture with real bootstraps and runners of both protocol versions, taken over in the middle of their output. */
import { afterEach, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { systemClock } from '../../kube/index.ts';
import { MemoryStore } from '../testing/memory-store.ts';
import { ProcessPod } from '../testing/process-pod.ts';
import { Capture } from './capture.ts';
import { Crowd } from './crowd.ts';

const text = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const runner = (path: string) => {
  const source = text(path);
  return { source, sha256: createHash('sha256').update(source).digest('hex') };
};
const BOOTSTRAPS = { 1: text('journal/golden/v1/bootstrap.py'), 2: text('runner/bootstrap.py') };
const RUNNERS = { 1: runner('journal/golden/v1/runner.py'), 2: runner('runner/dist/runner.py') };
type Version = keyof typeof BOOTSTRAPS;

/** Seconds: a script that gets no turn for a while is late, and not killed for it. */
const GRACE = 100;
const LINES = 400;
const SCRIPT = `
import time
def main():
    for i in range(${LINES}):
        print("line", i, flush=True)
        time.sleep(0.002)
`;
const WHOLE = Array.from({ length: LINES }, (_, i) => `line ${i}\n`).join('');
const ENDLESS = `${SCRIPT}    while True: time.sleep(0.05)\n`;

const UID = 'u';
const pods: ProcessPod[] = [];
const captures: Capture[] = [];
afterEach(() => {
  for (const capture of captures.splice(0)) capture.close();
  for (const pod of pods.splice(0)) pod.kill();
});

interface Life {
  readonly pod: ProcessPod;
  readonly store: MemoryStore;
  session: number;
}

async function life(bootstrap: Version): Promise<Life> {
  const pod = new ProcessPod(BOOTSTRAPS[bootstrap]);
  pods.push(pod);
  const store = new MemoryStore();
  await store.openRun({ uid: UID, namespace: 'n', name: 'p', id: 1, created: 0, info: {} });
  return { pod, store, session: 0 };
}

/** An operator begins to capture this run, from what the store has. */
function operator(of: Life): Capture {
  const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
  const run = of.store.all.get(UID)!;
  const ports = {
    streams: of.pod,
    journal: of.store,
    clock: systemClock,
    log,
    crowd: new Crowd(),
    session: ++of.session,
    changed: () => undefined,
  };
  const capture = new Capture({ uid: UID, high: run.high, ended: run.end !== null, ports });
  captures.push(capture);
  capture.begin();
  capture.containerSeen('running');
  return capture;
}

async function until<T>(what: string, look: () => T | undefined | null | false): Promise<T> {
  for (const end = performance.now() + 120_000; performance.now() < end;) {
    const found = look();
    if (found !== undefined && found !== null && found !== false) return found;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error(`waited in vain for ${what}`);
}

const output = ({ store }: Life): string =>
  Buffer.concat(
    (store.all.get(UID)?.entries ?? []).flatMap((entry) => (entry.k === 'out' ? [entry.data] : [])),
  ).toString();
const stateOf = ({ store }: Life) => store.all.get(UID)?.state;

/** From hello to RUNNING, with this version's runner. */
async function begin(of: Life, capture: Capture, version: Version, script: string): Promise<string> {
  const { nonce } = await until('hello', () => capture.view().hello);
  const source = Buffer.from(script).toString('base64');
  const limits = { graceSeconds: GRACE, terminationSeconds: GRACE + 30, maxBytes: 1 << 20, captureSeconds: 600 };
  const message = { id: '1', name: 'p', script: { uri: 'inline://p', source }, argsJSON: '{}', limits };
  capture.commands.prepare(nonce, RUNNERS[version], message);
  await until('READY', () => stateOf(of) === 'READY');
  capture.commands.main(nonce, '{}');
  await until('some output', () => output(of).length > 1_000);
  return nonce;
}

const SOURCE = { sha256: createHash('sha256').update(SCRIPT).digest('hex') };

it.each<[string, Version, Version, object]>([
  ['this version', 2, 2, { protocol: 2, source: SOURCE }],
  ['the version before', 1, 1, { protocol: 1 }],
  ['the version before, which got no runner from its operator', 1, 2, { protocol: 1, source: SOURCE }],
  ['this version, driven by the operator before', 2, 1, { protocol: 2 }],
])('a pod of %s runs once and tells everything, whoever listens', async (_, bootstrap, version, info) => {
  const one = await life(bootstrap);
  const first = operator(one);
  const nonce = await begin(one, first, version, SCRIPT);
  first.close();

  const second = operator(one);
  // After a takeover both are sent again: they change nothing.
  second.commands.prepare(nonce, RUNNERS[2], { id: '1', script: { source: '' }, argsJSON: '{}', limits: {} });
  second.commands.main(nonce, '{}');
  await until('the end', () => one.store.all.get(UID)?.end);
  await one.pod.exited;

  const run = one.store.all.get(UID)!;
  expect(output(one)).toBe(WHOLE);
  expect(run.entries.map(({ n }) => n)).toEqual(run.entries.map((__, i) => i + 1));
  expect(run.history.filter(([state]) => state === 'RUNNING')).toHaveLength(1);
  expect(run.end).toMatchObject({ state: 'COMPLETE', reason: 'Completed', exitCode: 0 });
  expect(run.info).toEqual(info);
});

it.each<Version>([1, 2])('a pod of version %i is stopped by whoever took it over', async (version) => {
  const one = await life(version);
  const first = operator(one);
  const nonce = await begin(one, first, version, ENDLESS);
  first.close();

  const second = operator(one);
  second.commands.stop(nonce, { reason: 'user', message: 'enough', mode: 'Graceful', graceSeconds: GRACE });
  await until('the end', () => one.store.all.get(UID)?.end);

  expect(one.store.all.get(UID)?.end).toMatchObject({ state: 'STOPPED', reason: 'Stopped' });
  expect(WHOLE.startsWith(output(one))).toBe(true);
});
