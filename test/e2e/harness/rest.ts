/** REST calls of a client, and what tests wait for. */
import { until } from './until.ts';

export interface Summary {
  readonly id: number;
  readonly uri: string;
  readonly state: string;
  readonly script: { readonly script_type: string; readonly script_uri: string };
  readonly script_args: Readonly<
    Record<string, { readonly args?: unknown[]; readonly kwargs?: Record<string, unknown> }>
  >;
  readonly history: {
    readonly process_states: readonly (readonly [string, number])[];
    readonly stacktrace: string | null;
  };
  readonly reason?: string;
  readonly message?: string;
  readonly exit_code?: number | null;
  readonly name?: string;
}

interface Arguments {
  /** JSON text of `{"args": …, "kwargs": …}`, as it goes into the body. */
  readonly init?: string;
  readonly main?: string;
}

export class Rest {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  async call(method: string, path: string, body?: string): Promise<{ status: number; text: string }> {
    const response = await fetch(this.#url + path, {
      method,
      ...(body !== undefined && { body, headers: { 'content-type': 'application/json' } }),
    });
    return { status: response.status, text: await response.text() };
  }

  async #must(method: string, path: string, body?: string): Promise<unknown> {
    const { status, text } = await this.call(method, path, body);
    if (status >= 300) throw new Error(`${method} ${path}: ${status} ${text}`);
    return JSON.parse(text);
  }

  /** Creates a procedure of this Python source. */
  async create(source: string, args: Arguments = {}): Promise<number> {
    const script = JSON.stringify({ script_type: 'inline', script_uri: 'inline://test.py', content: source });
    const init = args.init === undefined ? '' : `,"script_args":{"init":${args.init}}`;
    return ((await this.#must('POST', '/procedures', `{"script":${script}${init}}`)) as Summary).id;
  }

  async start(id: number, args: Arguments = {}): Promise<Summary> {
    const main = args.main === undefined ? '' : `,"script_args":{"main":${args.main}}`;
    return (await this.#must('PUT', `/procedures/${id}`, `{"state":"RUNNING"${main}}`)) as Summary;
  }

  stop(id: number): Promise<{ status: number; text: string }> {
    return this.call('PUT', `/procedures/${id}`, '{"state":"STOPPED"}');
  }

  async get(id: number): Promise<Summary> {
    return (await this.#must('GET', `/procedures/${id}`)) as Summary;
  }

  async output(id: number, query = ''): Promise<string> {
    return (await this.call('GET', `/procedures/${id}/output${query}`)).text;
  }

  /** Waits for one of these states; a terminal state that is none of them ends the wait with an error that tells it. */
  async state(id: number, ...wanted: readonly string[]): Promise<Summary> {
    return until(`${wanted.join(' or ')} of procedure ${id}`, async () => {
      const summary = await this.get(id);
      if (wanted.includes(summary.state)) return summary;
      if (['COMPLETE', 'FAILED', 'STOPPED'].includes(summary.state))
        throw new Error(
          `procedure ${id} is ${summary.state}, wanted ${wanted.join(' or ')}: ${JSON.stringify(summary)}`,
        );
      return undefined;
    });
  }

  /** Creates, waits for READY, starts. */
  async run(source: string, args: Arguments = {}): Promise<number> {
    const id = await this.create(source, args);
    await this.state(id, 'READY');
    await this.start(id, args);
    return id;
  }

  /** The text of a followed output so far, and its end. */
  follow(id: number, query = ''): { readonly text: () => string; readonly done: Promise<void> } {
    const chunks: Buffer[] = [];
    const done = (async () => {
      const response = await fetch(`${this.#url}/procedures/${id}/output?follow=true${query}`);
      for await (const chunk of response.body ?? []) chunks.push(Buffer.from(chunk as Uint8Array));
    })();
    done.catch(() => undefined); // who awaits it sees it
    return { text: () => Buffer.concat(chunks).toString(), done };
  }
}
