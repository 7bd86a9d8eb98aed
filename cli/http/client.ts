import { CliError, messageOf } from '../errors.ts';
import { parseJson, writeJson } from '../values/json.ts';
import { asText, member, record, type Value } from '../values/value.ts';
import { answerError } from './errors.ts';
import { readActivity, readProcedure, type Activity, type Procedure } from './procedure.ts';
import type { Answer, Request, StreamedAnswer, Transport } from './transport.ts';

/** Which part of a script's output. */
export type OutputStream = 'stdout' | 'stderr';

/** The calls of the REST API. Every method throws a CliError with the API's own words where a call has no success. */
export class Client {
  readonly #transport: Transport;
  #underway: string | undefined;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** The change that was asked for and not answered yet, if any: nobody knows whether it was made. */
  get underway(): string | undefined {
    return this.#underway;
  }

  /** All procedures, oldest first. */
  async procedures(): Promise<Procedure[]> {
    const list = await this.#json({ method: 'GET', path: '/procedures' }, 'the list of procedures');
    if (!Array.isArray(list)) throw new CliError('server', "the server's answer makes no sense: no list of procedures");
    return list.map(readProcedure);
  }

  async procedure(id: number, signal?: AbortSignal): Promise<Procedure> {
    const request: Request = { method: 'GET', path: `/procedures/${id}`, ...(signal === undefined ? {} : { signal }) };
    return readProcedure(await this.#json(request, `procedure ${id}`));
  }

  /** Makes a procedure of a script and the arguments of its init. */
  async create(script: Value, init: Value): Promise<Procedure> {
    const body = record({ script, script_args: record({ init }) });
    return readProcedure(await this.#json({ method: 'POST', path: '/procedures', body: writeJson(body) }, 'create'));
  }

  /** Starts a READY procedure with the arguments of its main. */
  async start(id: number, main: Value): Promise<Procedure> {
    const body = record({ script_args: record({ main }), state: 'RUNNING' });
    return readProcedure(await this.#put(id, body, `start of procedure ${id}`));
  }

  /** Stops a procedure; gives the server's message. */
  async stop(id: number, abort: boolean): Promise<{ message: string; raw: Value }> {
    const raw = await this.#put(id, record({ abort, state: 'STOPPED' }), `stop of procedure ${id}`);
    return { message: asText(member(raw, 'abort_message')) ?? '', raw };
  }

  async delete(id: number): Promise<void> {
    await this.#call({ method: 'DELETE', path: `/procedures/${id}` }, `delete of procedure ${id}`);
  }

  /** The output of a procedure from a byte offset on; with `follow` it ends when the procedure has. */
  output(
    id: number,
    options: { follow: boolean; from?: number; stream?: OutputStream | undefined; signal?: AbortSignal | undefined },
  ): Promise<StreamedAnswer> {
    const query = {
      ...(options.follow ? { follow: 'true' } : {}),
      ...(options.stream === undefined ? {} : { stream: options.stream }),
      ...(options.from === undefined || options.from === 0 ? {} : { from: String(options.from) }),
    };
    return this.#open(
      { method: 'GET', path: `/procedures/${id}/output`, query, ...signalOf(options.signal) },
      `output of procedure ${id}`,
      'text/plain',
    );
  }

  /** The server-sent events, from the one after `lastEventId` on. */
  events(lastEventId: string | undefined, signal: AbortSignal): Promise<StreamedAnswer> {
    const headers = {
      Accept: 'text/event-stream',
      ...(lastEventId === undefined ? {} : { 'Last-Event-ID': lastEventId }),
    };
    return this.#open({ method: 'GET', path: '/stream', headers, signal }, 'the event stream', 'text/event-stream');
  }

  async activities(): Promise<Activity[]> {
    const list = await this.#json({ method: 'GET', path: '/activities' }, 'the list of activities');
    if (!Array.isArray(list)) throw new CliError('server', "the server's answer makes no sense: no list of activities");
    return list.map(readActivity);
  }

  async activity(id: number): Promise<Activity> {
    return readActivity(await this.#json({ method: 'GET', path: `/activities/${id}` }, `activity ${id}`));
  }

  async runActivity(request: Value): Promise<Activity> {
    const body = writeJson(request);
    return readActivity(await this.#json({ method: 'POST', path: '/activities', body }, 'activity run'));
  }

  #put(id: number, body: Value, what: string): Promise<Value> {
    return this.#json({ method: 'PUT', path: `/procedures/${id}`, body: writeJson(body) }, what);
  }

  async #call(request: Request, what: string): Promise<string> {
    if (request.method !== 'GET') this.#underway = what;
    const answer = await this.#transport.request(request).finally(() => (this.#underway = undefined));
    if (answer.status < 200 || answer.status > 299) throw this.#refusal(answer, request, what);
    return answer.text;
  }

  async #json(request: Request, what: string): Promise<Value> {
    const text = await this.#call(request, what);
    try {
      return parseJson(text);
    } catch (error) {
      const why = messageOf(error);
      throw new CliError(
        'server',
        `${what}: the server's answer is no JSON (${why}); is ${this.#transport.baseUrl} the API?`,
        {
          cause: error,
        },
      );
    }
  }

  async #open(request: Request, what: string, type: string): Promise<StreamedAnswer> {
    const answer = await this.#transport.stream(request);
    if (answer.status >= 200 && answer.status <= 299) {
      if (answer.type.startsWith(type)) return answer;
      answer.cancel();
      const is = answer.type === '' ? 'of no type' : answer.type;
      throw new CliError(
        'server',
        `${what}: the server's answer is ${is}, not ${type}; is ${this.#transport.baseUrl} the API?`,
      );
    }
    const parts: Uint8Array[] = [];
    for await (const part of answer.body) parts.push(part);
    throw this.#refusal({ status: answer.status, text: Buffer.concat(parts).toString() }, request, what);
  }

  /** What the server says; of a path that it does not know, what to do about it. */
  #refusal(answer: Answer, { path }: Request, what: string): CliError {
    const error = answerError(answer, what);
    // What is there and has not the thing asked for says more than these two words.
    if (answer.status !== 404 || error.message !== 'Not Found') return error;
    const { baseUrl } = this.#transport;
    return new CliError(
      'notFound',
      path.startsWith('/activities')
        ? `Not Found: the server at ${baseUrl} has no activities`
        : `Not Found: ${baseUrl} is not the API, whose address ends in /api/v7 (--server-url or OET_URL)`,
    );
  }
}

function signalOf(signal: AbortSignal | undefined): { signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}
