/**
 * One run's capture: everything that its pod says into the store, everything that the operator wants to the runner.
 * Lives from the pod's creation until the run is over and its `end` acknowledged; a new operator begins it again
 * from what the store has. docs/protocol.md is the wire, operator/decide/ decides what is asked for.
 */
import { LineDecoder } from '../../journal/index.ts';
import type { Entry, HelloEntry } from '../../journal/types.ts';
import type { Timer } from '../../kube/index.ts';
import { ATTACH_FORBIDDEN, STORE_UNAVAILABLE } from '../decide/trouble.ts';
import type { CaptureView, CommandView, StopRequest } from '../decide/types.ts';
import { Acks } from './acks.ts';
import { Attachment } from './attachment.ts';
import { Feed } from './feed.ts';
import { LOG_FORBIDDEN, readToEnd } from './log-source.ts';
import { Mailbox, type Answer } from './mailbox.ts';
import type { CapturePorts } from './ports.ts';
import { Sink, weight } from './sink.ts';
import { Troubles, type TroubleSource } from './troubles.ts';

const PING_MS = 30_000;
/**
 * So long after a container was seen running the attach alone brings what it says. Most scripts are over by then: following the log and
 * attaching again without stdout costs a cluster more processor time than a short script does.
 */
const LOG_AFTER_MS = 3_000;
interface Command {
  since: number;
  mode: string;
  answer?: Answer;
}

export class Capture {
  readonly uid: string;
  readonly #ports: CapturePorts;
  readonly #feed: Feed;
  readonly #sink: Sink;
  readonly #mailbox: Mailbox;
  readonly #attachment: Attachment;
  readonly #abort = new AbortController();
  readonly #commands = new Map<string, Command>();
  #attachDecoder = new LineDecoder();
  #attachFresh = true;
  #hello: CaptureView['hello'];
  #lastTime: number | undefined;
  #seen = false;
  readonly #resumed: boolean;
  #logTimer: Timer | undefined;
  #reading = false;
  #containerEnded = false;
  #endSeen = false;
  #drained = false;
  readonly #troubles = new Troubles();
  #endSince: number | undefined;
  readonly #acks: Acks;
  #pingTimer: Timer | undefined;
  #diagnostics = 0;

  /** `high`: what the store has of this run already; `ended`: its `end` is among that, only the acknowledgement is owed. */
  constructor(options: { uid: string; high: number; ended: boolean; ports: CapturePorts }) {
    const { uid, high, ports } = options;
    this.uid = uid;
    this.#ports = ports;
    this.#endSeen = options.ended;
    this.#resumed = high > 0;
    if (options.ended) this.#endSince = ports.clock.now();
    this.#feed = new Feed(high);
    const { clock, log } = ports;
    this.#sink = new Sink({
      uid,
      journal: ports.journal,
      clock,
      log,
      onCommit: (entries, now) => this.#committed(entries, now),
      onTrouble: (error) => this.#trouble('store', STORE_UNAVAILABLE, error),
    });
    this.#attachment = new Attachment({
      streams: ports.streams,
      clock,
      log,
      crowd: ports.crowd,
      onStdout: (chunk, fresh) => this.#fromAttach(chunk, fresh),
      onOpen: () => this.#opened(),
      onRefused: (message) => this.#trouble('attach', ATTACH_FORBIDDEN, message),
      onClosed: () => this.#read(),
    });
    this.#mailbox = new Mailbox({ session: ports.session, clock, send: (frames) => this.#attachment.send(frames) });
    this.#acks = new Acks(high, {
      clock,
      tell: (n) => this.#mailbox.tell({ m: 'ack', n }),
      isOpen: () => this.#attachment.isOpen,
      isOver: () => this.#containerEnded,
    });
  }

  /** Begins with the quick way up: an attach that carries stdout, tried until the container is there. */
  begin(): void {
    this.#attachment.want();
    this.#schedulePing();
  }

  /** The pod's container was seen running or ended: its log can be read now. */
  containerSeen(state: 'running' | 'ended'): void {
    const before = this.#seen;
    this.#seen = true;
    if (state === 'ended') this.#ended();
    else this.#attachment.containerSeen();
    // Of a run that is taken over, the log has what was said meanwhile.
    if (state === 'ended' || this.#resumed) this.#read();
    else if (!before) this.#logTimer = this.#ports.clock.setTimeout(() => this.#read(), LOG_AFTER_MS);
  }

  /** Has the log read from now on, if the container is there. */
  #read(): void {
    if (!this.#seen || this.#reading || this.#drained || this.#abort.signal.aborted) return;
    this.#logTimer?.cancel();
    this.#reading = true;
    void this.#readLog();
  }

  /** The pod is gone, its log with it. */
  podGone(): void {
    this.#ended();
    if (this.#drained) return;
    this.#drained = true;
    this.#ports.changed();
  }

  view(): CaptureView {
    const stop = this.#commands.get('stop');
    return {
      ...(this.#hello && { hello: this.#hello }),
      ...viewOf('prepare', this.#commands.get('prepare')),
      ...viewOf('start', this.#commands.get('start')),
      ...(stop && { stop: { since: stop.since, mode: stop.mode, ...(stop.answer && { answer: stop.answer }) } }),
      drained: this.#drained,
      ...(this.#troubles.gravest && { trouble: this.#troubles.gravest }),
      ...(this.#endSince !== undefined && { endSince: this.#endSince }),
    };
  }

  /** The runner's source and the script. Both are idempotent: after a restart of ours they are sent again and change nothing. */
  prepare(nonce: string, runner: { source: string; sha256: string }, message: Readonly<Record<string, unknown>>): void {
    if (this.#commands.has('prepare')) return;
    this.#command('prepare');
    // Only once `boot` is answered: a bootstrap that lost it would refuse `prepare`, and a refusal is an answer.
    this.#mailbox.post('boot', { m: 'boot', nonce, sha256: runner.sha256, source: runner.source }, (boot) => {
      if (!boot.ok) return this.#answered('prepare', boot);
      this.#mailbox.post('prepare', { m: 'prepare', nonce, ...message }, (answer) => this.#answered('prepare', answer));
    });
  }

  main(nonce: string, argsJSON: string): void {
    const known = this.#commands.get('start');
    if (known && known.answer?.code !== 'not-ready') return;
    this.#command('start');
    this.#mailbox.post('start', { m: 'start', nonce, argsJSON }, (answer) => this.#answered('start', answer));
  }

  stop(nonce: string, stop: StopRequest): void {
    if (this.#commands.get('stop')?.mode === stop.mode) return;
    this.#command('stop', stop.mode);
    this.#mailbox.post(`stop ${stop.mode}`, { m: 'stop', nonce, ...stop }, (answer) => this.#answered('stop', answer));
  }

  /** Closes an attach that has been idle; it is opened again when something is to be said. */
  idle(): void {
    if (!this.#attachment.carriesStdout) this.#attachment.idle();
  }

  /** ms, monotonic, of the last use of an open attach; undefined if none is open. */
  get attachedSince(): number | undefined {
    return this.#attachment.isOpen ? this.#attachment.lastUsed : undefined;
  }

  close(): void {
    this.#abort.abort();
    this.#acks.close();
    this.#pingTimer?.cancel();
    this.#logTimer?.cancel();
    this.#mailbox.close();
    this.#attachment.close();
    this.#sink.close();
  }

  #command(name: string, mode = ''): void {
    this.#commands.set(name, { since: this.#ports.clock.now(), mode });
  }

  #answered(name: string, answer: Answer): void {
    const command = this.#commands.get(name);
    if (!command) return;
    command.answer = answer;
    this.#ports.changed();
  }

  /** Nobody is there to be told anything: tries to attach would cost the cluster 12 ms each. */
  #ended(): void {
    this.#containerEnded = true;
    this.#attachment.close();
  }

  #opened(): void {
    // What was written into an earlier attach may be lost; the bootstrap says hello again to a ping.
    if (!this.#hello) this.#mailbox.post('ping', { m: 'ping' }, () => undefined);
    this.#mailbox.resend();
    this.#acks.opened();
  }

  #fromAttach(chunk: Buffer, fresh: boolean): void {
    if (fresh) {
      this.#attachDecoder = new LineDecoder();
      this.#attachFresh = true;
    }
    const entries: Entry[] = [];
    for (const item of this.#attachDecoder.push(chunk)) {
      if ('entry' in item) entries.push(item.entry);
      // The first line of an attach may be the rest of one; later ones are the log's to report.
      else if (!this.#attachFresh)
        this.#ports.log.debug({ uid: this.uid, text: item.diagnostic }, 'no entry on the attach');
      this.#attachFresh = false;
    }
    this.#take(entries);
  }

  #take(entries: readonly Entry[]): void {
    const fresh: Entry[] = [];
    let hole: number | undefined;
    for (const entry of entries) {
      if (entry.k === 'hello') this.#learn(entry);
      const accepted = this.#feed.accept(entry);
      hole = accepted.entries.length > 0 ? undefined : (accepted.hole ?? hole);
      for (const one of accepted.entries) {
        fresh.push(one);
        this.#notice(one);
      }
    }
    this.#sink.push(fresh);
    if (hole !== undefined) this.#replay(hole);
  }

  /** Acts on what cannot wait for the store: answers. Everything that clients see waits for the commit. */
  #notice(entry: Entry): void {
    this.#lastTime = entry.t;
    if (entry.k === 'answer') this.#mailbox.answered(entry);
  }

  /** Also from a repeat: an earlier operator may have stored the hello and died before it wrote the permit. */
  #learn({ nonce, v, undumpable }: HelloEntry): void {
    if (this.#hello) return;
    this.#hello = { nonce, v, undumpable };
    this.#ports.changed();
  }

  #replay(from: number): void {
    this.#mailbox.post('replay', { m: 'replay', from }, (answer) => {
      const first = answer.from ?? from;
      if (!answer.ok || first <= this.#feed.wanted) return;
      // Only a store that was lost can lack what the runner was told is safe. Said, and gone on from there.
      const lost = this.#feed.skipTo(first);
      this.#ports.log.error(
        { uid: this.uid, lost, from: first },
        'entries are gone from the store and from the runner',
      );
    });
  }

  async #readLog(): Promise<void> {
    let told = false;
    const { clock, log, streams } = this.#ports;
    const over = await readToEnd(
      {
        streams,
        clock,
        log,
        onEntries: (entries) => this.#take(entries),
        onDiagnostic: (text) => this.#diagnostic(text),
        room: () => this.#sink.room(),
        onCaughtUp: () => {
          if (told) return;
          told = true;
          this.#attachment.dropStdout();
        },
        since: () => (this.#lastTime === undefined ? undefined : new Date(this.#lastTime / 1000 - 1_000).toISOString()),
        ended: () => this.#containerEnded,
        gone: () => this.#drained,
        finished: () => this.#endSeen,
        onDegraded: (trouble) => {
          this.#trouble('log', trouble?.reason ?? '', trouble?.message);
          if (trouble?.reason !== LOG_FORBIDDEN) return;
          told = false;
          this.#attachment.takeStdout();
        },
      },
      this.#abort.signal,
    );
    this.#reading = false;
    if (over && !this.#drained) {
      this.#drained = true;
      this.#ports.changed();
    }
  }

  /** What is no entry: the runtime's words, an interpreter's traceback. Kept apart, at most 50 lines a run. */
  #diagnostic(text: string): void {
    this.#ports.log.warn({ uid: this.uid, text }, 'the pod log holds a line that is no entry');
    if (text === '' || this.#diagnostics >= 50) return;
    const t = this.#ports.clock.now() * 1000;
    this.#sink.push(
      [],
      [{ key: `diagnostic:${this.#diagnostics++}`, t, k: 'diagnostic', body: { text: text.slice(0, 1024) } }],
    );
  }

  #committed(entries: readonly Entry[], high: number): void {
    let notable = false;
    let bytes = 0;
    for (const entry of entries) {
      bytes += weight(entry);
      if (entry.k === 'state' || entry.k === 'end') notable = true;
      if (entry.k === 'end') {
        this.#endSeen = true;
        this.#endSince ??= this.#ports.clock.now();
      }
    }
    if (this.#endSeen) this.#attachment.ending();
    this.#acks.stored(bytes, high, this.#endSeen);
    if (notable) this.#ports.changed();
  }

  /** Undefined for `what`: it is over. */
  #trouble(source: TroubleSource, reason: string, what: unknown): void {
    const message = what instanceof Error ? what.message : String(what);
    const now = this.#ports.clock.now();
    if (this.#troubles.set(source, what === undefined ? undefined : { reason, message }, now)) this.#ports.changed();
  }

  #schedulePing(): void {
    this.#pingTimer = this.#ports.clock.setTimeout(() => {
      if (this.#attachment.isOpen && !this.#endSeen) this.#mailbox.post('ping', { m: 'ping' }, () => undefined);
      this.#schedulePing();
    }, PING_MS);
  }
}

function viewOf<K extends 'prepare' | 'start'>(key: K, command: Command | undefined): Partial<Record<K, CommandView>> {
  if (!command) return {};
  const view: CommandView = { since: command.since, ...(command.answer && { answer: command.answer }) };
  return { [key]: view } as Partial<Record<K, CommandView>>;
}
