import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { parseJson, writeJson } from '../values/json.ts';
import { asText, Float, member, record, type Value, type ValueMap } from '../values/value.ts';
import { FakeEvents } from './fake-events.ts';
import { holdPort, type HeldPort } from './held-port.ts';

const BASE = '/ska-oso-oet/oet/api/v7';
const EPOCH = 1_601_461_812;
const FINAL = ['COMPLETE', 'FAILED', 'STOPPED'];

/** A request as the fake saw it. */
export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly body: string;
  readonly headers: IncomingMessage['headers'];
}

interface FakeProcedure {
  readonly id: number;
  readonly script: Value;
  scriptArgs: ValueMap;
  history: [string, number][];
  stacktrace: string | null;
  extra: ValueMap;
  output: { stream: string; bytes: Buffer }[];
  followers: Set<() => void>;
}

type Handler = (request: Seen, response: ServerResponse) => boolean;

/**
 * A server over loopback with the paths, bodies and errors of upstream.md, for tests of the command line: procedures are
 * driven by the test (`print`, `enter`), connections can be cut, ended or the whole server taken away for a while.
 */
export class FakeServer {
  readonly events = new FakeEvents();
  readonly seen: Seen[] = [];
  readonly activities: Value[] = [];
  /** Called before all else; true when it has answered. */
  intercept: Handler | undefined;
  /** What a created procedure becomes by itself. */
  afterCreate: readonly string[] = ['IDLE', 'LOADING', 'IDLE', 'INITIALISING', 'READY'];
  /** Called when main is started. */
  onStart: ((id: number) => void) | undefined;
  /** Called when a stop is asked for. */
  onStop: (id: number) => void = (id) => this.enter(id, 'STOPPED');

  readonly #procedures: FakeProcedure[] = [];
  readonly #sockets = new Set<Socket>();
  readonly #streams = new Set<ServerResponse>();
  readonly #held: HeldPort;
  #server: Server | undefined;

  private constructor(held: HeldPort) {
    this.#held = held;
  }

  static async listen(): Promise<FakeServer> {
    const fake = new FakeServer(await holdPort());
    await fake.up();
    return fake;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#held.port}${BASE}`;
  }

  /** Listens, on the same port as before. */
  async up(): Promise<void> {
    // Never the first to close: after a stall of 6 s a client would write to a connection that is gone.
    const server = createServer({ keepAliveTimeout: 0 }, (request, response) => void this.#handle(request, response));
    server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    server.listen(this.#held.port, '127.0.0.1');
    await once(server, 'listening');
    this.#server = server;
  }

  /** Goes away, with every connection reset. */
  async down(): Promise<void> {
    const closed = new Promise((resolve) => this.#server?.close(resolve));
    this.cut();
    await closed;
  }

  /** Goes away for good. */
  async end(): Promise<void> {
    await this.down();
    this.#held.release();
  }

  /** Resets every connection. */
  cut(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
    this.#streams.clear();
    this.events.detachAll();
  }

  /** Ends every streamed answer properly, as a server does that shuts down. */
  endStreams(): void {
    for (const response of this.#streams) response.end();
    this.#streams.clear();
    this.events.detachAll();
  }

  /** Makes a procedure without a request; gives its id. */
  add(options: { uri?: string; states?: readonly string[]; scriptArgs?: ValueMap; git?: ValueMap } = {}): number {
    const script = record({
      script_type: options.git === undefined ? 'filesystem' : 'git',
      script_uri: options.uri ?? 'file://test.py',
      git_args: options.git,
    });
    const scriptArgs =
      options.scriptArgs ?? record({ init: record({ args: [], kwargs: record({ subarray_id: 1n }) }) });
    const id = this.#create(script, scriptArgs);
    for (const state of options.states ?? ['IDLE', 'LOADING', 'IDLE', 'READY']) this.enter(id, state);
    return id;
  }

  /** Puts a procedure into a state. */
  enter(id: number, state: string, extra: { stacktrace?: string; fields?: ValueMap } = {}): void {
    const procedure = this.#get(id);
    procedure.history.push([state, EPOCH + procedure.history.length * 0.25]);
    procedure.stacktrace = extra.stacktrace ?? procedure.stacktrace;
    for (const [key, value] of extra.fields ?? []) procedure.extra.set(key, value);
    this.#notify(procedure);
  }

  /** Makes a procedure print. */
  print(id: number, text: string | Buffer, stream: 'stdout' | 'stderr' = 'stdout'): void {
    const procedure = this.#get(id);
    procedure.output.push({ stream, bytes: Buffer.from(text) });
    this.#notify(procedure);
  }

  /** The state a procedure is in. */
  state(id: number): string {
    return this.#get(id).history.at(-1)?.[0] ?? '';
  }

  #notify(procedure: FakeProcedure): void {
    for (const wake of [...procedure.followers]) wake();
  }

  #get(id: number): FakeProcedure {
    const found = this.#procedures.find((procedure) => procedure.id === id);
    if (found === undefined) throw new Error(`the fake has no procedure ${id}`);
    return found;
  }

  #create(script: Value, scriptArgs: ValueMap): number {
    const id = this.#procedures.length + 1;
    const history: [string, number][] = [['CREATING', EPOCH]];
    const rest = { stacktrace: null, extra: new Map<string, Value>(), output: [], followers: new Set<() => void>() };
    this.#procedures.push({ id, script, scriptArgs, history, ...rest });
    return id;
  }

  #summary(procedure: FakeProcedure): ValueMap {
    return record({
      id: BigInt(procedure.id),
      uri: `${this.url}/procedures/${procedure.id}`,
      state: procedure.history.at(-1)?.[0],
      script: procedure.script,
      script_args: procedure.scriptArgs,
      history: record({
        process_states: procedure.history.map(([state, time]) => [state, new Float(time)]),
        stacktrace: procedure.stacktrace,
      }),
      ...Object.fromEntries(procedure.extra),
    });
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const seen: Seen = { method: request.method ?? '', url: request.url ?? '', body, headers: request.headers };
    this.seen.push(seen);
    if (this.intercept?.(seen, response) === true) return;
    const url = new URL(seen.url, this.url);
    const path = url.pathname.startsWith(BASE) ? url.pathname.slice(BASE.length) : '/not-ours';
    const id = Number(/^\/(?:procedures|activities)\/(\d+)/.exec(path)?.[1]);
    if (path === '/stream') this.#stream(request, response);
    else if (path === '/procedures' && seen.method === 'GET') {
      answer(
        response,
        200,
        this.#procedures.map((procedure) => this.#summary(procedure)),
      );
    } else if (path === '/procedures' && seen.method === 'POST') this.#post(response, parseJson(body));
    else if (path.startsWith('/procedures/')) this.#one(seen, url, response, id);
    else if (path === '/activities' && seen.method === 'GET') answer(response, 200, this.activities);
    else if (path === '/activities' && seen.method === 'POST') answer(response, 201, this.activities[0] ?? null);
    else if (path.startsWith('/activities/')) {
      const found = this.activities.find((activity) => member(activity, 'id') === BigInt(id));
      const missing = { type: 'ResourceNotFound', Message: `No information available for ID=${id}` };
      answer(response, found === undefined ? 404 : 200, found ?? record({ detail: record(missing) }));
    } else answer(response, 404, record({ detail: 'Not Found' }));
  }

  #post(response: ServerResponse, body: Value): void {
    const scriptArgs = member(body, 'script_args');
    const id = this.#create(
      member(body, 'script') ?? null,
      scriptArgs instanceof Map ? scriptArgs : new Map<string, Value>(),
    );
    const procedure = this.#get(id);
    answer(response, 201, this.#summary(procedure));
    for (const state of this.afterCreate) this.enter(id, state);
  }

  #one(seen: Seen, url: URL, response: ServerResponse, id: number): void {
    const procedure = this.#procedures.find((candidate) => candidate.id === id);
    if (procedure === undefined) {
      answer(response, 404, record({ detail: `No information available for PID=${id}` }));
    } else if (url.pathname.endsWith('/output')) this.#output(url, response, procedure);
    else if (seen.method === 'GET') answer(response, 200, this.#summary(procedure));
    else if (seen.method === 'DELETE') {
      this.#procedures.splice(this.#procedures.indexOf(procedure), 1);
      response.writeHead(204).end();
    } else this.#put(response, procedure, parseJson(seen.body));
  }

  #put(response: ServerResponse, procedure: FakeProcedure, body: Value): void {
    const state = asText(member(body, 'state'));
    const current = this.state(procedure.id);
    if (state === 'STOPPED') {
      const over = FINAL.includes(current);
      const stopped = `Successfully stopped script with ID ${procedure.id}`;
      const abort = member(body, 'abort') === true ? ' and aborted subarray activity' : '';
      const message = over ? `Cannot stop script with ID ${procedure.id}: Script is not running` : stopped + abort;
      answer(response, 200, record({ abort_message: message }));
      if (!over) this.onStop(procedure.id);
    } else if (state === 'RUNNING' && current !== 'READY') {
      answer(response, 409, record({ detail: `Procedure ${procedure.id} is in state ${current}` }));
    } else {
      const main = member(member(body, 'script_args'), 'main');
      if (state === 'RUNNING') procedure.scriptArgs = new Map([...procedure.scriptArgs, ['main', main ?? null]]);
      answer(response, 200, this.#summary(procedure));
      if (state === 'RUNNING') {
        this.enter(procedure.id, 'RUNNING');
        this.onStart?.(procedure.id);
      }
    }
  }

  #output(url: URL, response: ServerResponse, procedure: FakeProcedure): void {
    const wanted = url.searchParams.get('stream');
    let sent = Number(url.searchParams.get('from') ?? '0');
    const follow = url.searchParams.get('follow') === 'true';
    response.writeHead(200, { 'Content-Type': 'text/plain; charset=utf-8' });
    response.flushHeaders();
    const send = (): void => {
      if (response.writableEnded || response.destroyed) return;
      const parts = procedure.output.filter(({ stream }) => wanted === null || stream === wanted);
      const all = Buffer.concat(parts.map(({ bytes }) => bytes));
      if (all.length > sent) response.write(all.subarray(sent));
      sent = Math.max(sent, all.length);
      if (follow && !FINAL.includes(this.state(procedure.id))) return;
      procedure.followers.delete(send);
      this.#streams.delete(response);
      response.end();
    };
    procedure.followers.add(send);
    this.#streams.add(response);
    response.on('close', () => procedure.followers.delete(send));
    send();
  }

  #stream(request: IncomingMessage, response: ServerResponse): void {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    response.flushHeaders();
    this.#streams.add(response);
    const last = request.headers['last-event-id'];
    this.events.attach(response, typeof last === 'string' ? Number(last) : undefined);
  }
}

function answer(response: ServerResponse, status: number, body: Value): void {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(writeJson(body));
}
