/**
 * Reads one container's log until the container has ended and nothing more can come: follows it, reads again after every
 * end that is none (rotation, a restarting runtime, an idle connection), and reads once more after the container ended.
 */
import { LineDecoder } from '../../journal/index.ts';
import type { Entry } from '../../journal/types.ts';
import type { Clock } from '../../kube/index.ts';
import type { ContainerStreams, Log, ReadEnd } from './ports.ts';

const AGAIN_MS = 50;
const REFUSED_MS = 100;
/** Forbidden: until somebody grants it. */
const FORBIDDEN_MS = 1_000;
/** Follows that end at once so often are refused by the node (no inotify instance): read once a second instead. */
const SHORT_FOLLOWS = 4;
const POLL_MS = 1_000;
/** A follow that is open so long was granted. */
const HELD_MS = 1_000;
/** Reads between two tries to follow again. */
const POLLS = 5;

/** The reason where the role does not grant pods/log: only an attach tells anything then. */
export const LOG_FORBIDDEN = 'LogForbidden';

/** What a kubelet answers with 200 for a log that is gone, and for one that a restarting runtime will have again. */
const RUNTIMES_WORDS = /^(unable to retrieve container logs|failed to try resolving symlinks|rpc error)/;

const FOLLOW_REFUSED = {
  reason: 'LogFollowRefused',
  message: 'the node refuses to follow the log (it may be out of inotify instances): it is read once a second',
};

export interface LogSourceOptions {
  readonly streams: ContainerStreams;
  readonly clock: Clock;
  readonly log: Log;
  readonly onEntries: (entries: readonly Entry[]) => void;
  readonly onDiagnostic: (text: string) => void;
  /** Waits while the store is behind. */
  readonly room: () => Promise<void>;
  /** The log was opened and what it had so far is read. */
  readonly onCaughtUp: () => void;
  /** Where to begin after a cut, RFC 3339; saves bytes and decides nothing. */
  readonly since: () => string | undefined;
  /** The container is known to have ended. */
  readonly ended: () => boolean;
  /** The pod object is gone, its log with it. */
  readonly gone: () => boolean;
  /** The entry `end` is in: nothing more will come. */
  readonly finished: () => boolean;
  /** How reading is hindered, or that it is not any more. */
  readonly onDegraded: (trouble: { readonly reason: string; readonly message: string } | undefined) => void;
}

/** Resolves with true when the log was read to its end after the container's, false on abort, when `finished` or when `gone`. */
export async function readToEnd(options: LogSourceOptions, signal: AbortSignal): Promise<boolean> {
  let short = 0;
  let polls = 0;
  let opened = options.since() !== undefined; // the attach brought what is older
  // A 404 does not tell: a kubelet that was just started knows no pods for a moment.
  const isOver = (): boolean => signal.aborted || options.finished() || options.gone();
  while (!isOver()) {
    const wasOver = options.ended();
    const poll = short >= SHORT_FOLLOWS && polls++ % POLLS !== 0;
    const began = options.clock.monotonic();
    const follow = !wasOver && !poll;
    const held =
      follow &&
      options.clock.setTimeout(() => {
        short = 0;
        options.onDegraded(undefined);
      }, HELD_MS);
    const { end, lines, oddLines, runtimeLines } = await readOnce(options, { follow, opened }, signal);
    if (held) held.cancel();
    if (isOver()) return false;
    if (end.how !== 'refused') opened = true;
    const forbidden = end.how === 'refused' && end.status === 403;
    if (forbidden) options.onDegraded({ reason: LOG_FORBIDDEN, message: end.message });
    // A runtime that is starting answers 200 with an error as text: not the end, though the container has ended.
    const foreign = oddLines > 0 && runtimeLines === 0 && options.since() === undefined; // it never spoke our language
    if (wasOver && end.how === 'eof' && (lines > 0 || oddLines === 0 || foreign)) return true;
    const lasted = options.clock.monotonic() - began;
    if (end.how === 'eof' && !poll) {
      short = lasted < 500 && oddLines > 0 ? short + 1 : 0;
      options.onDegraded(short >= SHORT_FOLLOWS ? FOLLOW_REFUSED : undefined);
    }
    const pause = end.how === 'refused' ? REFUSED_MS : poll ? POLL_MS : AGAIN_MS;
    await options.clock.sleep(forbidden ? FORBIDDEN_MS : pause, signal);
  }
  return false;
}

async function readOnce(
  options: LogSourceOptions,
  how: { follow: boolean; opened: boolean },
  signal: AbortSignal,
): Promise<{ end: ReadEnd; lines: number; oddLines: number; runtimeLines: number }> {
  const decoder = new LineDecoder();
  const sinceTime = how.opened ? options.since() : undefined;
  let lines = 0;
  let oddLines = 0;
  let runtimeLines = 0;
  let first = sinceTime !== undefined; // with sinceTime the first line may be cut
  const odd = (text: string): void => {
    options.onDiagnostic(text);
    oddLines++;
    if (RUNTIMES_WORDS.test(text)) runtimeLines++;
  };
  const end = await options.streams.readLog(
    { follow: how.follow, ...(sinceTime !== undefined && { sinceTime }) },
    async (chunk) => {
      const entries: Entry[] = [];
      for (const item of decoder.push(chunk)) {
        if ('entry' in item) {
          entries.push(item.entry);
          lines++;
        } else if (!first) {
          odd(item.diagnostic);
        }
        first = false;
      }
      if (entries.length > 0) options.onEntries(entries);
      options.onCaughtUp();
      await options.room();
    },
    signal,
  );
  // A kubelet ends its words without a line feed; what begins as an entry is one that was cut.
  for (const item of decoder.end())
    if (end.how === 'eof' && 'diagnostic' in item && !item.diagnostic.startsWith('{')) odd(item.diagnostic);
  return { end, lines, oddLines, runtimeLines };
}
