/** What the tests of this folder share: a kubelet on a store in memory, pods, attachments, polling. */
import { readFileSync } from 'node:fs';
import type { AttachChannel, AttachOptions, LogOptions } from '../apiserver/kubelet-api.ts';
import { openStorage, type Storage } from '../apiserver/storage.ts';
import { createKubelet, type Kubelet, type KubeletOptions } from './kubelet.ts';
import { PODS, type ContainerSpec, type Pod, type PodSpec } from './pod.ts';

/** Calls `f` until it returns something, then returns that. Throws after `seconds`. */
export async function until<T>(what: string, f: () => T | undefined | false, seconds = 150): Promise<T> {
  for (const end = performance.now() + seconds * 1000; performance.now() < end;) {
    const got = f();
    if (got !== undefined && got !== false) return got;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error(`waited ${seconds} s for ${what}`);
}

/** Whether a process runs; one that only waits for its parent to take note of its end does not. */
export function isAlive(pid: string): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return false; // it is gone
  }
}

/** An attachment as a client sees it. */
export interface TestAttach {
  /** Text per channel, in order. */
  text(channel: number): string;
  /** The Status on channel 3, once it is there. */
  status(): { status: string; message?: string; code?: number } | undefined;
  closed(): number | undefined;
  send(text: string): void;
  /** Ends stdin, as a client of v5 does. */
  end(): void;
  close(): void;
  /** Pretends that the client does not read: so many bytes are waiting. */
  stall(bytes: number): void;
  readonly done: Promise<void>;
}

/** A kubelet with helpers, on a store of its own unless one is given. */
export interface TestNode {
  kubelet: Kubelet;
  storage: Storage;
  /** Creates a pod with one container `main` that runs Python source with stdin; it has minutes to end after a SIGTERM. */
  run(
    name: string,
    source: string,
    change?: { container?: Partial<ContainerSpec>; spec?: Partial<PodSpec>; finalizers?: string[] },
  ): Pod;
  pod(name: string): Pod | undefined;
  phase(name: string): string | undefined;
  /** As the API server does it: marks the pod, with its grace or the given one. */
  remove(name: string, grace?: number): void;
  log(
    name: string,
    options?: Partial<LogOptions>,
  ): Promise<{ text: string; error?: { code: number; message: string } }>;
  /** Follows the log: its text so far, and at the end. */
  follow(name: string): { text(): string; stop(): void; done: Promise<string> };
  /** Polls the log until it matches; its whole text then. */
  waitLog(name: string, pattern: RegExp, seconds?: number): Promise<string>;
  attach(name: string, options?: Partial<AttachOptions>): TestAttach;
  close(): Promise<void>;
}

/** Starts a node whose looks come every 20 ms, so that tests need not wait for them. */
export async function startTestNode(options: KubeletOptions = {}, storage = openStorage()): Promise<TestNode> {
  const kubelet = createKubelet({
    ...options,
    knobs: { tickMs: 20, retryMs: 50, restartBackoffMs: 20, ...options.knobs },
  });
  await kubelet.start(storage);
  const pod = (name: string): Pod | undefined => storage.get(PODS, 'test', name) as Pod | undefined;
  async function log(
    name: string,
    wanted: Partial<LogOptions> = {},
  ): Promise<{ text: string; error?: { code: number; message: string } }> {
    const parts: Buffer[] = [];
    const write = (chunk: Buffer): boolean => parts.push(Buffer.from(chunk)) > 0;
    const answer = await kubelet.logs(
      'test',
      name,
      { follow: false, ...wanted },
      { write, signal: new AbortController().signal },
    );
    return { text: Buffer.concat(parts).toString(), ...answer };
  }
  return {
    kubelet,
    storage,
    pod,
    log,
    follow(name) {
      let text = '';
      const leave = new AbortController();
      const write = (chunk: Buffer): boolean => (text += chunk.toString()) !== '';
      const answer = kubelet.logs('test', name, { follow: true }, { write, signal: leave.signal });
      return { text: () => text, stop: () => leave.abort(), done: answer.then(() => text) };
    },
    async waitLog(name, pattern, seconds = 150) {
      for (const end = performance.now() + seconds * 1000; performance.now() < end;) {
        const { text } = await log(name);
        if (pattern.test(text)) return text;
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      throw new Error(`waited ${seconds} s for ${pattern.source} in the log of ${name}`);
    },
    phase: (name) => pod(name)?.status?.phase,
    run(name, source, { container, spec, finalizers } = {}) {
      const main = {
        name: 'main',
        image: 'python:3',
        stdin: true,
        command: ['python3', '-u', '-c', source],
        ...container,
      };
      return storage.create(PODS, {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name, namespace: 'test', generation: 1, ...(finalizers ? { finalizers } : {}) },
        spec: { restartPolicy: 'Never', terminationGracePeriodSeconds: 300, containers: [main], ...spec },
        status: { phase: 'Pending' },
      }) as Pod;
    },
    remove(name, grace) {
      storage.modify(PODS, 'test', name, (current) => ({
        ...current,
        metadata: {
          ...current.metadata,
          deletionTimestamp: new Date().toISOString(),
          deletionGracePeriodSeconds: grace ?? (current as Pod).spec.terminationGracePeriodSeconds ?? 30,
        },
      }));
    },
    attach(name, wanted = {}) {
      const received = new Map<number, Buffer[]>();
      const onData: ((channel: number, data: Buffer) => void)[] = [];
      const onClose: (() => void)[] = [];
      let code: number | undefined;
      let waiting = 0;
      const channel: AttachChannel = {
        send: (number, data) => void received.set(number, [...(received.get(number) ?? []), Buffer.from(data)]),
        onData: (listener) => void onData.push(listener),
        onClose: (listener) => void onClose.push(listener),
        close: (value) => void (code = value),
        bufferedAmount: () => waiting,
        pause: () => undefined,
        resume: () => undefined,
      };
      const all = { stdin: true, stdout: false, stderr: false, tty: false, ...wanted };
      const text = (number: number): string => Buffer.concat(received.get(number) ?? []).toString();
      return {
        text,
        status: () =>
          text(3) === '' ? undefined : (JSON.parse(text(3)) as { status: string; message?: string; code?: number }),
        closed: () => code,
        send: (data) => {
          for (const listener of onData) listener(0, Buffer.from(data));
        },
        end: () => {
          for (const listener of onData) listener(255, Buffer.of(0));
        },
        close: () => {
          for (const listener of onClose) listener();
        },
        stall: (bytes) => void (waiting = bytes),
        done: kubelet.attach('test', name, all, channel),
      };
    },
    close: () => kubelet.close('stop'),
  };
}
