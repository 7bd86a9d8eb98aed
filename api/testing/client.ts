import type { Harness } from './harness.ts';

/** An answer: status, headers and the body, parsed if it is JSON. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // Tests look into it field by field.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- what an endpoint answers is what the test asserts
  readonly body: any;
}

/** Sends a request to a path under the base; a body that is no string goes as JSON. */
export async function call(
  { base }: Pick<Harness, 'base'>,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const response = await fetch(`${base}${path}`, {
    method,
    headers: { 'Content-Type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.startsWith('application/json') ?? false;
  const { status, headers: got } = response;
  return { status, headers: got, text, body: isJson ? (JSON.parse(text) as unknown) : text };
}

/** The usual body of a POST. */
export const HELLO = {
  script: { script_type: 'filesystem', script_uri: 'file:///tmp/scripts/hello.py' },
  script_args: { init: { args: [], kwargs: { subarray_id: 1 } } },
};

/** Waits until `probe` gives something else than undefined. */
export async function until<T>(probe: () => T | undefined | Promise<T | undefined>, ms = 60_000): Promise<T> {
  const deadline = Date.now() + ms;
  for (;;) {
    const value = await probe();
    if (value !== undefined) return value;
    if (Date.now() > deadline) throw new Error(`nothing after ${ms} ms: ${probe.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** An event as a client of GET /stream sees it. */
export interface SeenEvent {
  readonly id: string;
  readonly topic: string;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- as above
  readonly data: any;
}

/** A client of GET /stream that remembers what it saw. */
export class StreamClient {
  readonly events: SeenEvent[] = [];
  /** The text of every block so far. */
  readonly blocks: string[] = [];
  comments = 0;
  #block = '';
  readonly response: Response;
  readonly #abort: AbortController;
  readonly #done: Promise<void>;

  private constructor(response: Response, abort: AbortController) {
    this.response = response;
    this.#abort = abort;
    this.#done = this.#read();
  }

  static async open(
    { base }: Pick<Harness, 'base'>,
    query = '',
    headers: Record<string, string> = {},
  ): Promise<StreamClient> {
    const abort = new AbortController();
    const response = await fetch(`${base}/stream${query}`, { headers, signal: abort.signal });
    return new StreamClient(response, abort);
  }

  topics(): string[] {
    return this.events.map(({ topic }) => topic);
  }

  /** Waits for an event. */
  next(matches: (event: SeenEvent) => boolean): Promise<SeenEvent> {
    return until(() => this.events.find(matches));
  }

  async close(): Promise<void> {
    this.#abort.abort();
    await this.#done;
  }

  async #read(): Promise<void> {
    let rest = '';
    const decoder = new TextDecoder();
    try {
      for await (const chunk of this.response.body ?? []) {
        const lines = (rest + decoder.decode(chunk as Uint8Array, { stream: true })).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) {
          if (line.startsWith(':')) this.comments++;
          if (line !== '') this.#block += `${line}\n`;
          else this.#take();
        }
      }
    } catch (error) {
      if (!this.#abort.signal.aborted) throw error;
    }
  }

  #take(): void {
    const block = this.#block;
    this.#block = '';
    this.blocks.push(block);
    const id = /^id: (.*)$/m.exec(block)?.[1];
    const data = /^data: (.*)$/m.exec(block)?.[1];
    if (id === undefined || data === undefined) return;
    const parsed = JSON.parse(data) as { topic: string };
    this.events.push({ id, topic: parsed.topic, data: parsed });
  }
}
