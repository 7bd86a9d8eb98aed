import WebSocket from 'ws';
import type { Kube } from '../../../kube/index.ts';
import { LONG_SECONDS, until } from './poll.ts';

/** An attach as it went on, message by message. kube/attach.ts is not used: here nothing may be smoothed over. */
export interface RawAttach {
  socket: WebSocket;
  protocol: string;
  /** `open`, `close 1000`, and `channel 3 …` for outcomes, in order. */
  events: string[];
  /** The text of a channel so far. */
  text(channel: number): string;
  /** The outcome on channel 3, once it is there. */
  outcome(): { status: string; code?: number; message?: string; reason?: string } | undefined;
  /** Bytes for stdin; resolves when the operating system has them. */
  send(data: string | Buffer): Promise<void>;
  /** Waits until the text of stdout matches. */
  find(pattern: RegExp, seconds?: number): Promise<string>;
  closed: Promise<void>;
  close(): Promise<void>;
}

/** The refusal of an upgrade. */
export class Refused extends Error {
  readonly code: number;
  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** Attaches to the container `main` of a pod; `path` is the pod's, a `token`
 * stands for another user. Throws {@link Refused}. */
export async function rawAttach(kube: Kube, path: string, query: string, token?: string): Promise<RawAttach> {
  const { url, headers, tls } = await kube.wsOptions();
  const { cert: _cert, key: _key, ...anonymous } = tls;
  const credentials =
    token === undefined ? { ...tls, headers } : { ...anonymous, headers: { authorization: `Bearer ${token}` } };
  const socket = new WebSocket(`${url}${path}/attach?${query}`, ['v5.channel.k8s.io'], credentials);
  const parts = new Map<number, Buffer[]>();
  const events: string[] = [];
  const text = (channel: number): string => Buffer.concat(parts.get(channel) ?? []).toString('utf8');
  const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()));
  socket.on('message', (message: Buffer) => {
    const channel = message[0]!;
    const data = message.subarray(1);
    if (data.length === 0) return; // each channel begins with an empty message
    const list = parts.get(channel);
    if (list) list.push(data);
    else parts.set(channel, [data]);
    if (channel === 3) events.push(`channel 3 ${data.toString('utf8').trim()}`);
  });
  socket.on('close', (code) => events.push(`close ${code}`));
  return new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.on('unexpected-response', (_request, response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const body = Buffer.concat(chunks).toString('utf8');
        socket.terminate(); // else the connection stays open
        reject(new Refused(response.statusCode ?? 0, messageOf(body)));
      });
    });
    socket.on('open', () => {
      events.push('open');
      resolve({
        socket,
        protocol: socket.protocol,
        events,
        text,
        outcome: () => (text(3) === '' ? undefined : (JSON.parse(text(3)) as ReturnType<RawAttach['outcome']>)),
        send: (data) =>
          new Promise((sent, failed) => {
            socket.send(Buffer.concat([Buffer.of(0), Buffer.from(data)]), (error) => (error ? failed(error) : sent()));
          }),
        find: (pattern, seconds = LONG_SECONDS) =>
          until(`${String(pattern)} over an attach to ${path}`, () => pattern.test(text(1)) && text(1), {
            seconds,
            everyMs: 2,
          }),
        closed,
        close: () => {
          socket.close();
          return closed;
        },
      });
    });
  });
}

function messageOf(body: string): string {
  try {
    return String((JSON.parse(body) as { message?: unknown }).message).trim();
  } catch {
    return body.trim();
  }
}
