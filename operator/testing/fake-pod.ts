/**
 * A pod whose PID 1 is a model of bootstrap and runner: it keeps docs/protocol.md where that matters to the operator
 * (nonce, answers, numbers, spool, ack, end) and counts how often `main` was run: the witness.
 */
import { randomBytes } from 'node:crypto';
import { encodeEntry } from '../../journal/index.ts';
import { FrameReader } from '../../journal/testing/frame-reader.ts';
import type { EndEntry, Entry } from '../../journal/types.ts';
import type { Clock, Pod, Stored, Timer } from '../../kube/index.ts';

/** How the script behaves, ms of the fake clock. */
export interface ScriptModel {
  readonly initMs: number;
  /** Infinity: endless. */
  readonly runMs: number;
  /** From the stop to its end; Infinity ignores it until the kill. */
  readonly cleanupMs: number;
  readonly lines: number;
  /** While main runs, one more line so often. */
  readonly everyMs?: number;
  /** Of the protocol, as its hello says. */
  readonly version: number;
}

/** What every script's `source` says. */
export const SOURCE = { sha256: 'ab'.repeat(32), commit: 'cd'.repeat(20) };

/** Entries, where the real runner counts 4 MiB: small, so that a lost acknowledgement is felt. */
const WINDOW = 10;

type Draft = Entry extends infer E ? (E extends Entry ? Omit<E, 'n' | 't'> : never) : never;

const EMPTY = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
const SHA = { stdout: EMPTY, stderr: EMPTY };

export class FakePod {
  readonly nonce = randomBytes(16).toString('hex');
  readonly log: Buffer[] = [];
  mains = 0;
  loads = 0;
  exitCode: number | undefined;
  readonly #script: ScriptModel;
  readonly #clock: Clock;
  readonly #onExit: () => void;
  readonly #window: number;
  readonly #reader = new FrameReader();
  readonly #spool = new Map<number, Buffer>();
  readonly #listeners = new Set<(chunk: Buffer) => void>();
  readonly #timers = new Set<Timer>();
  #n = 0;
  #acked = 0;
  /** The next entry to be written: at most #window are written ahead of the acknowledgement. */
  #cursor = 1;
  #booted = false;
  #prepared = false;
  #ready = false;
  #started = false;
  #stopping = false;
  #end: number | undefined;

  /** `window`: entries that it writes ahead of the acknowledgement. */
  constructor(options: { script: ScriptModel; clock: Clock; onExit: () => void; window?: number }) {
    this.#script = options.script;
    this.#clock = options.clock;
    this.#onExit = options.onExit;
    this.#window = options.window ?? WINDOW;
  }

  boot(): void {
    this.#put({ k: 'hello', v: this.#script.version, nonce: this.nonce, python: '3.11.2', undumpable: true, pid: 1 });
  }

  get alive(): boolean {
    return this.exitCode === undefined;
  }

  listen(listener: (chunk: Buffer) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  stdin(chunk: Buffer): void {
    if (!this.alive) return;
    const { messages, refused } = this.#reader.push(chunk);
    for (const { session, seq, highest } of refused)
      this.#put({ k: 'answer', to: [session, seq], m: '', ok: false, code: 'stale-session', highest });
    for (const { session, seq, message } of messages) this.#message(session, seq, message);
  }

  sigterm(): void {
    if (!this.#prepared) this.#finish('STOPPED', 'External');
    else this.#stop('External', this.#script.cleanupMs);
  }

  kill(): void {
    this.#exit(137);
  }

  #message(session: number, seq: number, message: Record<string, unknown>): void {
    const m = String(message.m);
    const answer = (code?: string): void =>
      this.#put({ k: 'answer', to: [session, seq], m, ok: code === undefined, ...(code !== undefined && { code }) });
    if (m === 'ack') return this.#ack(Number(message.n));
    if (m === 'replay') return this.#replay(session, seq, Number(message.from));
    if (m === 'ping') {
      const hello = this.#booted ? undefined : this.#spool.get(1);
      if (hello) this.#write(hello);
      return answer();
    }
    if (message.nonce !== this.nonce) return answer('wrong-nonce');
    if (m === 'boot') {
      this.#booted = true;
      return answer();
    }
    if (!this.#booted) return answer('not-ready');
    if (m === 'prepare') {
      answer();
      return this.#prepare();
    }
    if (m === 'start') {
      if (this.#stopping || this.#end !== undefined) return answer(this.#started ? undefined : 'stopped');
      if (!this.#ready) return answer('not-ready');
      answer();
      return this.#start();
    }
    answer();
    if (m === 'stop') this.#stop('Stopped', Math.min(this.#script.cleanupMs, Number(message.graceSeconds) * 1000));
  }

  #prepare(): void {
    if (this.#prepared || this.#end !== undefined) return;
    this.#prepared = true;
    this.loads++;
    for (const state of ['IDLE', 'LOADING', 'IDLE', 'INITIALISING']) {
      this.#put({ k: 'state', state });
      if (state === 'LOADING' && this.#script.version > 1) this.#put({ k: 'source', ...SOURCE });
    }
    this.#after(this.#script.initMs, () => {
      if (this.#stopping) return;
      this.#ready = true;
      this.#put({ k: 'state', state: 'READY' });
    });
  }

  #start(): void {
    if (this.#started) return;
    this.#started = true;
    this.mains++;
    this.#put({ k: 'state', state: 'RUNNING' });
    for (let i = 0; i < this.#script.lines; i++) this.#put({ k: 'out', s: 'stdout', data: Buffer.from(`line ${i}\n`) });
    if (this.#script.everyMs !== undefined) this.#tick(this.#script.everyMs);
    if (this.#script.runMs !== Infinity)
      this.#after(this.#script.runMs, () => {
        if (this.#stopping) return;
        this.#put({ k: 'state', state: 'READY' });
        this.#finish('COMPLETE', 'Completed');
      });
  }

  #tick(everyMs: number): void {
    this.#after(everyMs, () => {
      if (this.#stopping || this.#end !== undefined) return;
      this.#put({ k: 'out', s: 'stdout', data: Buffer.from(`${new Date(this.#clock.now()).toISOString()}\n`) });
      this.#tick(everyMs);
    });
  }

  #stop(reason: string, cleanupMs: number): void {
    if (this.#stopping || this.#end !== undefined) return;
    this.#stopping = true;
    this.#put({ k: 'state', state: 'STOPPING', reason: 'user' });
    if (cleanupMs !== Infinity)
      this.#after(cleanupMs, () => this.#finish(reason === 'External' ? 'FAILED' : 'STOPPED', reason));
  }

  #finish(state: EndEntry['state'], reason: string): void {
    if (!this.alive || this.#end !== undefined) return;
    const sums = { bytes: { stdout: 0, stderr: 0 }, kept: { stdout: 0, stderr: 0 }, sha256: SHA };
    this.#put({ k: 'end', state, reason, message: null, exitCode: null, signal: null, entries: this.#n + 1, ...sums });
    this.#end = this.#n;
    this.#ack(this.#acked);
    this.#after(30_000, () => this.#exit(state === 'COMPLETE' ? 0 : 1));
  }

  #ack(n: number): void {
    this.#acked = Math.max(this.#acked, n);
    for (const held of this.#spool.keys()) if (held <= this.#acked && held > 1) this.#spool.delete(held);
    this.#pump();
    if (this.#end !== undefined && this.#acked >= this.#end) this.#exit(0);
  }

  #replay(session: number, seq: number, from: number): void {
    const first = Math.max(from, this.#acked + 1);
    this.#cursor = Math.min(this.#cursor, first);
    this.#put({ k: 'answer', to: [session, seq], m: 'replay', ok: true, from: first });
  }

  #exit(code: number): void {
    if (!this.alive) return;
    this.exitCode = code;
    for (const timer of this.#timers) timer.cancel();
    this.#onExit();
  }

  /** Nothing happens in a container that has ended. */
  #after(ms: number, callback: () => void): void {
    const timer = this.#clock.setTimeout(() => {
      this.#timers.delete(timer);
      callback();
    }, ms);
    this.#timers.add(timer);
  }

  #put(draft: Draft): void {
    const entry = { ...draft, n: ++this.#n, t: Math.round(this.#clock.now() * 1000) } as Entry;
    this.#spool.set(entry.n, encodeEntry(entry));
    this.#pump();
  }

  #pump(): void {
    while (this.#cursor <= this.#n && this.#cursor <= this.#acked + this.#window) {
      const line = this.#spool.get(this.#cursor++);
      if (line) this.#write(line);
    }
  }

  #write(line: Buffer): void {
    this.log.push(line);
    for (const listener of this.#listeners) listener(line);
  }
}

/** The pod's container status as the kubelet would write it. */
export function containerStatus(pod: Stored<Pod>, fake: FakePod | undefined, now: number): Stored<Pod>['status'] {
  if (!fake) return { phase: 'Pending' };
  const state = fake.alive
    ? { running: { startedAt: new Date(now).toISOString() } }
    : {
        terminated: {
          exitCode: fake.exitCode ?? 0,
          reason: fake.exitCode === 0 ? 'Completed' : 'Error',
          finishedAt: new Date(now).toISOString(),
        },
      };
  const phase = fake.alive ? 'Running' : fake.exitCode === 0 ? 'Succeeded' : 'Failed';
  return { ...pod.status, phase, containerStatuses: [{ name: 'main', ready: fake.alive, restartCount: 0, state }] };
}
