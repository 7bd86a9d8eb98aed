/** A REST client that tells when a request left and when each piece of an answer came. */
import { Agent, request, type IncomingMessage } from 'node:http';
import { wall } from './clock.ts';
import { Timeline } from './timeline.ts';

export interface Answer {
  /** wall() just before the request was written, and when its answer was whole. */
  readonly sent: number;
  readonly answered: number;
  readonly json: Record<string, unknown>;
}

export interface StreamEvent {
  readonly topic: string;
  /** Id of the procedure, as the event has it. */
  readonly source: string;
  readonly state: string | undefined;
}

/** An output that is followed: its text so far, by pieces. */
export interface Followed {
  readonly text: () => string;
  /** When the text so far first had this in it. */
  readonly has: (what: string) => Promise<number>;
  readonly close: () => void;
}

const TERMINAL = ['COMPLETE', 'FAILED', 'STOPPED', 'UNKNOWN'];

export class Client {
  /** Every event of GET /stream since listen(). */
  readonly events = new Timeline<StreamEvent>();
  readonly #url: string;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 64 });

  /** `url`: of the API with its version. */
  constructor(url: string) {
    this.#url = url;
  }

  async send(method: string, path: string, body?: object): Promise<Answer> {
    const sent = wall();
    const response = await this.#open(method, path, body);
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    const answered = wall();
    const status = response.statusCode ?? 0;
    if (status >= 300) throw new Error(`${method} ${path}: ${status} ${text}`);
    return { sent, answered, json: JSON.parse(text) as Record<string, unknown> };
  }

  create(source: string): Promise<Answer & { readonly id: number }> {
    const script = { script_type: 'inline', script_uri: 'inline://bench.py', content: source };
    return this.send('POST', '/procedures', { script }).then((answer) => ({
      ...answer,
      id: Number(answer.json['id']),
    }));
  }

  start(id: number): Promise<Answer> {
    return this.send('PUT', `/procedures/${id}`, { state: 'RUNNING' });
  }

  stop(id: number): Promise<Answer> {
    return this.send('PUT', `/procedures/${id}`, { state: 'STOPPED' });
  }

  async output(id: number): Promise<Buffer> {
    const chunks: Buffer[] = [];
    for await (const chunk of await this.#open('GET', `/procedures/${id}/output`)) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks);
  }

  /** When the event stream told of this state; rejects at once for another terminal state. */
  async state(id: number, state: string, withinMs?: number): Promise<number> {
    const ends = (event: StreamEvent): boolean =>
      event.topic === 'procedure.lifecycle.statechange' &&
      event.source === String(id) &&
      (event.state === state || TERMINAL.includes(event.state ?? ''));
    const { at, item } = await this.events.first(`${state} of procedure ${id}`, ends, withinMs);
    if (item.state === state) return at;
    const summary = await this.send('GET', `/procedures/${id}`);
    throw new Error(`procedure ${id} is ${item.state ?? ''}, not ${state}: ${JSON.stringify(summary.json)}`);
  }

  /** Follows the output; resolves once the API has begun to answer. */
  async follow(id: number): Promise<Followed> {
    const response = await this.#open('GET', `/procedures/${id}/output?follow=true`);
    const texts = new Timeline<string>();
    let text = '';
    response.setEncoding('utf8').on('data', (chunk: string) => texts.push((text += chunk)));
    response.on('error', () => undefined); // closed by us, or by the end of the API
    return {
      text: () => text,
      has: async (what) =>
        (await texts.first(`${JSON.stringify(what)} in the output of ${id}`, (all) => all.includes(what))).at,
      close: () => response.destroy(),
    };
  }

  /** Begins to listen to GET /stream; resolves once the API has begun to answer. */
  async listen(): Promise<void> {
    const response = await this.#open('GET', '/stream');
    let rest = '';
    response.setEncoding('utf8').on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines)
        if (line.startsWith('data:')) this.#take(JSON.parse(line.slice(5)) as Record<string, unknown>);
    });
    response.on('error', () => undefined); // closed by us, or by the end of the API
  }

  close(): void {
    this.#agent.destroy();
  }

  #take({ topic, msg_src: source, new_state: state }: Record<string, unknown>): void {
    const named = typeof state === 'string' ? state : undefined;
    this.events.push({ topic: String(topic), source: String(source), state: named });
  }

  #open(method: string, path: string, body?: object): Promise<IncomingMessage> {
    const data = body === undefined ? undefined : JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const headers =
        data === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(data) };
      const sending = request(this.#url + path, { method, agent: this.#agent, headers }, resolve);
      sending.on('error', reject);
      sending.end(data);
    });
  }
}
