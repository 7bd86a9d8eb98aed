import { afterEach, describe, expect, test } from '@jest/globals';
import { attach } from './attach.ts';
import type { AttachOptions } from './attach.ts';
import type { Attachment } from './attached-socket.ts';
import { fixedCredentials } from './auth.ts';
import { connectTo } from './client.ts';
import { isAborted, KubeError } from './errors.ts';
import { failureStatus, onChannel, serveAttach } from './testing/attach-server.ts';
import type { AttachServer } from './testing/attach-server.ts';
import { FakeClock } from './testing/fake-clock.ts';
import { poll } from './testing/poll.ts';
import { NOBODY, refuse } from './testing/server.ts';

let server: AttachServer;
let clock: FakeClock;
afterEach(() => server.close());

const start = async (options: Parameters<typeof serveAttach>[0] = {}): Promise<void> => {
  clock = new FakeClock();
  server = await serveAttach(options);
};
const target = { namespace: 'ns', pod: 'p', container: 'main', stdin: true, stdout: true };
const open = (options: Partial<AttachOptions> = {}): Promise<Attachment> =>
  attach(server.kube, { ...target, clock, ...options });

test('asks for the streams, by the protocol, as the user', async () => {
  await start();

  const attachment = await open({ stdout: false });

  expect(server.attaches).toEqual(['/api/v1/namespaces/ns/pods/p/attach?container=main&stdin=true&stdout=false']);
  expect(server.sockets[0]!.protocol).toBe('v5.channel.k8s.io');
  expect(attachment.open).toBe(true);
});

describe('a refusal', () => {
  test('is a KubeError with the words of the API server', async () => {
    await start({
      refusal: (_request, response) => refuse(response, 400, 'BadRequest', 'pod p does not have a host assigned'),
    });

    await expect(open()).rejects.toMatchObject({
      status: 400,
      reason: 'BadRequest',
      message: 'pod p does not have a host assigned',
    });
  });

  test('nobody listens', async () => {
    await start();
    const kube = connectTo(fixedCredentials(NOBODY));

    await expect(attach(kube, { ...target, clock })).rejects.toMatchObject({
      name: 'KubeError',
      status: 0,
      code: 'ECONNREFUSED',
    });
  });

  test('no answer in time', async () => {
    await start({ refusal: () => undefined });
    const attempt = open({ timeoutMs: 3_000 }).catch((error: unknown) => error);
    await poll('the attempt', () => server.seen.length === 1);

    await clock.advance(3_000);

    expect(await attempt).toMatchObject({ status: 0, code: 'timeout' });
    await poll('the end of the connection', () => server.open === 0);
    expect(clock.timers).toEqual([]);
  });

  test('the signal, before and while', async () => {
    await start({ refusal: () => undefined });
    const controller = new AbortController();
    const attempt = open({ signal: controller.signal }).catch((error: unknown) => error);
    await poll('the attempt', () => server.seen.length === 1);

    controller.abort();

    expect(isAborted(await attempt)).toBe(true);
    await expect(open({ signal: controller.signal })).rejects.toBeInstanceOf(KubeError);
    await poll('the end of the connection', () => server.open === 0);
  });
});

describe('stdin', () => {
  test('gets the bytes in their order', async () => {
    await start();
    const attachment = await open();

    await Promise.all(Array.from({ length: 100 }, (_, n) => attachment.write(Buffer.from(`${n}\n`))));

    await poll('all lines', () => server.stdin.join('').split('\n').length === 101);
    expect(server.stdin.join('')).toBe(Array.from({ length: 100 }, (_, n) => `${n}\n`).join(''));
  });

  test('that is not read holds its writers back, and a close tells all of them', async () => {
    await start();
    const attachment = await open();
    server.sockets[0]!.pause();
    let written = 0;
    const writes = Array.from({ length: 400 }, () =>
      attachment.write(Buffer.alloc(64 * 1024)).then(
        () => ++written,
        (error: unknown) => String(error),
      ),
    );
    await poll('a stall', () => written > 0 && attachment.bufferedAmount > 0);
    expect(written).toBeLessThan(400);

    server.sockets[0]!.terminate();

    const results = await Promise.all(writes);
    expect(results.some((result) => typeof result === 'string')).toBe(true);
    expect(attachment.bufferedAmount).toBe(0);
  });

  test('that is read again goes on', async () => {
    await start();
    const attachment = await open();
    server.sockets[0]!.pause();
    const writes = Array.from({ length: 100 }, () => attachment.write(Buffer.alloc(64 * 1024, 'x')));
    server.sockets[0]!.resume();

    await Promise.all(writes);

    await poll('all bytes', () => server.stdin.join('').length === 100 * 64 * 1024);
  });

  test('after the close is refused, not dropped', async () => {
    await start();
    const attachment = await open();
    server.sockets[0]!.close();
    await attachment.closed;

    await expect(attachment.write(Buffer.from('x'))).rejects.toThrow('closed');
  });
});

describe('stdout', () => {
  test('comes whole, also what came before there was a reader; other channels do not', async () => {
    await start();
    const attachment = await open({ pingMs: 0 });
    const socket = server.sockets[0]!;
    for (const [channel, text] of [
      [1, ''],
      [1, 'one'],
      [2, 'no'],
      [1, 'two'],
    ] as const)
      socket.send(onChannel(channel, text));
    await new Promise((resolve) => {
      socket.once('pong', resolve);
      socket.ping();
    });
    let text = '';
    attachment.onStdout((data) => (text += data.toString()));
    socket.send(onChannel(1, 'three'));

    await poll('all of it', () => text === 'onetwothree');
  });
});

describe('the end', () => {
  test('a Failure on channel 3, then a close with 1000', async () => {
    await start();
    const attachment = await open();
    server.sockets[0]!.send(onChannel(3, failureStatus('container main not found')));
    server.sockets[0]!.close(1000);

    expect(await attachment.closed).toEqual({ code: 1000, success: false, failure: 'container main not found' });
    await expect(attachment.write(Buffer.from('x'))).rejects.toThrow('container main not found');
  });

  test('after a Failure nothing is written any more, though the socket is still open', async () => {
    await start();
    const attachment = await open();
    server.sockets[0]!.send(onChannel(3, failureStatus('gone')));

    await poll('the failure', () => !attachment.open);
    await expect(attachment.write(Buffer.from('x'))).rejects.toThrow('gone');
  });

  test.each([
    ['nothing', '', { success: false }],
    ['plain text', 'no such container', { failure: 'no such container', success: false }],
    ['a Success', JSON.stringify({ metadata: {}, status: 'Success' }), { success: true }],
    ['JSON of another kind', '{"a":1}', { failure: '{"a":1}', success: false }],
  ])('%s on channel 3', async (_, text, expected) => {
    await start();
    const attachment = await open();
    server.sockets[0]!.send(onChannel(3, text));
    server.sockets[0]!.close(1000);

    expect(await attachment.closed).toEqual({ code: 1000, ...expected });
  });

  test('a connection that breaks has no code', async () => {
    await start();
    const attachment = await open();
    server.sockets[0]!.terminate();

    expect(await attachment.closed).toMatchObject({ code: 1006, success: false });
    expect(attachment.open).toBe(false);
  });

  test('our own close, answered', async () => {
    await start();
    const attachment = await open();

    attachment.close();
    attachment.close();

    expect(await attachment.closed).toMatchObject({ code: 1000 });
    expect(clock.timers).toEqual([]);
  });

  test('our own close, not answered', async () => {
    await start();
    const attachment = await open();
    server.sockets[0]!.pause();

    attachment.close();
    await clock.advance(2_000);

    expect(await attachment.closed).toMatchObject({ code: 1006 });
  });

  test('the signal closes it', async () => {
    await start();
    const controller = new AbortController();
    const attachment = await open({ signal: controller.signal });

    controller.abort();

    expect(await attachment.closed).toMatchObject({ code: 1000 });
  });
});

describe('pings', () => {
  test('that are answered keep it', async () => {
    await start();
    const attachment = await open({ pingMs: 30_000 });
    let answers = '';
    attachment.onStdout((data) => (answers += data.toString()));
    const socket = server.sockets[0]!;
    socket.on('ping', () => socket.send(onChannel(1, '.'))); // behind the pong

    for (let n = 1; n <= 3; n++) {
      await clock.advance(30_000);
      await poll('the answer', () => answers.length === n);
    }

    expect(attachment.open).toBe(true);
  });

  test('that are not answered end it', async () => {
    await start({ autoPong: false });
    const attachment = await open({ pingMs: 30_000 });

    await clock.advance(30_000);
    await clock.advance(30_000);

    const end = await attachment.closed;
    expect(end.code).toBe(1006);
    expect(end.error?.message).toBe('no answer to a ping in 30000 ms');
  });
});
