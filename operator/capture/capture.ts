/**
 * One run's capture: everything that its pod says into the store, everything that the operator wants to the runner.
 * Lives from the pod's creation until the run is over and its `end` acknowledged; a new operator begins it again
 * from what the store has. docs/protocol.md is the wire, operator/decide/ decides what is asked for.
 *
 *   attach, log ─▶ Intake ─▶ Sink ─▶ store ─▶ #committed ─▶ Acks ─┐
 *   Commands ─▶ Mailbox ◀───────────────────────────────────────┘
 *                  └─▶ Attachment ─▶ runner
 */
import type { Entry } from '../../journal/types.ts';
import type { Timer } from '../../kube/index.ts';
import { ATTACH_FORBIDDEN, STORE_UNAVAILABLE } from '../decide/trouble.ts';
import type { CaptureView } from '../decide/types.ts';
import { Acks } from './acks.ts';
import { Attachment } from './attachment.ts';
import { Commands } from './commands.ts';
import { Intake } from './intake.ts';
import { LogFollow } from './log-follow.ts';
import { Mailbox } from './mailbox.ts';
import type { CapturePorts } from './ports.ts';
import { Sink, weight } from './sink.ts';
import { Troubles, type TroubleSource } from './troubles.ts';

const PING_MS = 30_000;
const MOST_DIAGNOSTICS = 50;

export class Capture {
  readonly uid: string;
  /** What the runner is to do. */
  readonly commands: Commands;
  readonly #ports: CapturePorts;
  readonly #intake: Intake;
  readonly #sink: Sink;
  readonly #mailbox: Mailbox;
  readonly #attachment: Attachment;
  readonly #logFollow: LogFollow;
  readonly #acks: Acks;
  readonly #troubles = new Troubles();
  readonly #since: number;
  #pingTimer: Timer | undefined;
  #diagnostics = 0;
  /** When `end` was stored, or found in the store, ms: nothing more will come. */
  #endSince: number | undefined;

  /** `high`: what the store has of this run already; `ended`: its `end` is among that, only the acknowledgement is owed. */
  constructor(options: { uid: string; high: number; ended: boolean; ports: CapturePorts }) {
    const { uid, high, ports } = options;
    const { streams, journal, clock, log, crowd, session, changed } = ports;
    this.uid = uid;
    this.#ports = ports;
    this.#since = clock.now();
    if (options.ended) this.#endSince = clock.now();
    this.#sink = new Sink({
      uid,
      journal,
      clock,
      log,
      onCommit: (entries, now) => this.#committed(entries, now),
      onTrouble: (error) => this.#trouble('store', STORE_UNAVAILABLE, error),
    });
    this.#mailbox = new Mailbox({ session, clock, send: (frames) => this.#attachment.send(frames) });
    this.commands = new Commands({ mailbox: this.#mailbox, now: () => clock.now(), changed });
    this.#intake = new Intake({
      uid,
      high,
      log,
      mailbox: this.#mailbox,
      onEntries: (entries) => this.#sink.push(entries),
      onHello: changed,
    });
    this.#attachment = new Attachment({
      streams,
      clock,
      log,
      crowd,
      onStdout: (chunk, fresh) => this.#intake.fromAttach(chunk, fresh),
      onOpen: () => this.#opened(),
      onRefused: (message) => this.#trouble('attach', ATTACH_FORBIDDEN, message),
      onClosed: () => this.#logFollow.attachClosed(),
    });
    this.#logFollow = new LogFollow({
      streams,
      clock,
      log,
      attachment: this.#attachment,
      resumed: high > 0,
      onEntries: (entries) => this.#intake.take(entries),
      onDiagnostic: (text) => this.#diagnostic(text),
      room: () => this.#sink.room(),
      since: () => this.#intake.since,
      finished: () => this.#hasEnd,
      onTrouble: (trouble) => this.#trouble('log', trouble?.reason ?? '', trouble?.message),
      onDrained: changed,
    });
    this.#acks = new Acks(high, {
      clock,
      tell: (n) => this.#mailbox.tell({ m: 'ack', n }),
      isOpen: () => this.#attachment.isOpen,
      isOver: () => this.#logFollow.ended,
    });
  }

  /** Begins with the quick way up: an attach that carries stdout, tried until the container is there. */
  begin(): void {
    this.#attachment.want();
    this.#schedulePing();
  }

  /** The pod's container was seen running or ended: its log can be read now. */
  containerSeen(state: 'running' | 'ended'): void {
    this.#logFollow.containerSeen(state);
  }

  /** The pod is gone, its log with it. */
  podGone(): void {
    this.#logFollow.podGone();
  }

  view(): CaptureView {
    const { hello } = this.#intake;
    const { gravest } = this.#troubles;
    const { drained, overSince } = this.#logFollow;
    return {
      since: this.#since,
      ...(hello && { hello }),
      ...this.commands.view(),
      drained,
      ...(overSince !== undefined && { overSince }),
      ...(gravest && { trouble: gravest }),
      ...(this.#endSince !== undefined && { endSince: this.#endSince }),
    };
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
    this.#logFollow.close();
    this.#acks.close();
    this.#pingTimer?.cancel();
    this.#mailbox.close();
    this.#attachment.close();
    this.#sink.close();
  }

  get #hasEnd(): boolean {
    return this.#endSince !== undefined;
  }

  #opened(): void {
    // What was written into an earlier attach may be lost; the bootstrap says hello again to a ping.
    if (!this.#intake.hello) this.#ping();
    this.#mailbox.resend();
    this.#acks.opened();
  }

  #committed(entries: readonly Entry[], high: number): void {
    let notable = false;
    let bytes = 0;
    for (const entry of entries) {
      bytes += weight(entry);
      if (entry.k === 'state' || entry.k === 'end') notable = true;
      if (entry.k === 'end') this.#endSince ??= this.#ports.clock.now();
    }
    if (this.#hasEnd) this.#attachment.ending();
    this.#acks.stored(bytes, high, this.#hasEnd);
    if (notable) this.#ports.changed();
  }

  /** What is no entry: the runtime's words, an interpreter's traceback. Kept apart, at most 50 lines a run. */
  #diagnostic(text: string): void {
    this.#ports.log.warn({ uid: this.uid, text }, 'the pod log holds a line that is no entry');
    if (text === '' || this.#diagnostics >= MOST_DIAGNOSTICS) return;
    const t = this.#ports.clock.now() * 1000;
    const key = `diagnostic:${this.#diagnostics++}`;
    this.#sink.push([], [{ key, t, k: 'diagnostic', body: { text: text.slice(0, 1024) } }]);
  }

  /** Undefined for `what`: it is over. */
  #trouble(source: TroubleSource, reason: string, what: unknown): void {
    const message = what instanceof Error ? what.message : String(what);
    const now = this.#ports.clock.now();
    if (this.#troubles.set(source, what === undefined ? undefined : { reason, message }, now)) this.#ports.changed();
  }

  #ping(): void {
    this.#mailbox.post('ping', { m: 'ping' }, () => undefined);
  }

  #schedulePing(): void {
    this.#pingTimer = this.#ports.clock.setTimeout(() => {
      if (this.#attachment.isOpen && !this.#hasEnd) this.#ping();
      this.#schedulePing();
    }, PING_MS);
  }
}
