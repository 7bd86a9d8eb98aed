import type { Http, HttpOptions } from './http.ts';
import { LONG_SECONDS, until } from './poll.ts';

/** A streamed GET, its lines as they come. */
export interface Lines {
  code: number;
  all: string[];
  /** When each line came, in milliseconds of `performance.now()`. */
  times: number[];
  /** What came after the last newline so far. */
  rest(): string;
  ended(): boolean;
  /** Resolves when the server has closed it, or `close` was called. */
  done: Promise<void>;
  /** Waits for a line. */
  find(pattern: RegExp, seconds?: number): Promise<{ line: string; at: number }>;
  close(): void;
}

/** Starts reading; an error status is not an error here. */
export async function readLines(http: Http, path: string, options: HttpOptions = {}): Promise<Lines> {
  const { code, body } = await http.open('GET', path, undefined, options);
  const all: string[] = [];
  const times: number[] = [];
  let rest = '';
  let ended = false;
  body.setEncoding('utf8');
  body.on('data', (chunk: string) => {
    const parts = (rest + chunk).split('\n');
    rest = parts.pop() ?? '';
    for (const part of parts) {
      all.push(part);
      times.push(performance.now());
    }
  });
  body.on('error', () => undefined); // `close` follows
  const done = new Promise<void>((resolve) => {
    body.on('close', () => {
      ended = true;
      resolve();
    });
  });
  return {
    code,
    all,
    times,
    done,
    rest: () => rest,
    ended: () => ended,
    find: (pattern, seconds = LONG_SECONDS) =>
      until(
        `${String(pattern)} in ${path}`,
        () => {
          const index = all.findIndex((line) => pattern.test(line));
          return index < 0 ? undefined : { line: all[index]!, at: times[index]! };
        },
        { seconds, everyMs: 2 },
      ),
    close: () => void body.destroy(),
  };
}

/** An event of a watch. */
export interface WatchEvent {
  type: string;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- cases look at whatever a server sends
  object: any;
}

/** A watch that is open. */
export interface Watch {
  code: number;
  events(): WatchEvent[];
  /** Type and name of each event, in order: `ADDED a`. */
  told(): string[];
  /** Waits for an event. */
  find(what: string, match: (event: WatchEvent) => boolean, seconds?: number): Promise<WatchEvent>;
  ended(): boolean;
  done: Promise<void>;
  close(): void;
}

/** Opens a watch on a list's path. */
export async function openWatch(
  http: Http,
  path: string,
  query: NonNullable<HttpOptions['query']> = {},
): Promise<Watch> {
  const lines = await readLines(http, path, { query: { watch: true, ...query } });
  const parsed: WatchEvent[] = [];
  const events = (): WatchEvent[] => {
    for (const line of lines.all.slice(parsed.length)) parsed.push(JSON.parse(line) as WatchEvent);
    return parsed;
  };
  return {
    code: lines.code,
    events,
    told: () => events().map(({ type, object }) => [type, object.metadata?.name].filter(Boolean).join(' ')),
    find: (what, match, seconds = LONG_SECONDS) =>
      until(`${what} in a watch of ${path}`, () => events().find(match), { seconds, everyMs: 2 }),
    ended: () => lines.ended(),
    done: lines.done,
    close: () => lines.close(),
  };
}
