import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createHash } from 'node:crypto';
import { get } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { call, HELLO, until } from '../testing/client.ts';
import { FakeRun, openStorage, startHarness } from '../testing/harness.ts';
import type { Harness, Storage } from '../testing/harness.ts';

let storage: Storage;
let harness: Harness;
beforeAll(async () => {
  storage = await openStorage();
});
afterAll(() => storage.close());
beforeEach(async () => {
  harness = await startHarness({ storage });
});
afterEach(() => harness.close());

async function started(): Promise<FakeRun> {
  const { body } = await call(harness, 'POST', '/procedures', HELLO);
  const run = await new FakeRun(harness.store, harness.catalogue.get(body.id)!).ready();
  await run.run();
  return run;
}

/** Opens a follow; resolves with the headers. */
function open(path: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    get(`${harness.base}${path}`, { agent: false }, resolve).once('error', reject);
  });
}

async function readAll(response: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

describe('GET /procedures/{id}/output', () => {
  it('gives both streams in order, or one of them, as bytes', async () => {
    const run = await started();
    await run.print('a\n');
    await run.print(Buffer.from([0xff, 0x00, 0x0a]), 'stderr');
    await run.print('b é\n');

    const both = await fetch(`${harness.base}/procedures/1/output`);
    const stderr = await fetch(`${harness.base}/procedures/1/output?stream=stderr`);

    expect(both.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect(Buffer.from(await both.arrayBuffer())).toEqual(
      Buffer.concat([Buffer.from('a\n'), Buffer.from([0xff, 0x00, 0x0a]), Buffer.from('b é\n')]),
    );
    expect(Buffer.from(await stderr.arrayBuffer())).toEqual(Buffer.from([0xff, 0x00, 0x0a]));
  });

  it.each([
    ['?stream=out', ['query', 'stream']],
    ['?from=-1', ['query', 'from']],
    ['?from=x', ['query', 'from']],
    ['?follow=maybe', ['query', 'follow']],
  ])('refuses %s and names the field', async (query, loc) => {
    await started();
    const { status, body } = await call(harness, 'GET', `/procedures/1/output${query}`);

    expect(status).toBe(422);
    expect(body.detail[0].loc).toEqual(loc);
  });

  it('follows until the end, from before the pod is there', async () => {
    await call(harness, 'POST', '/procedures', HELLO);
    const response = await open('/procedures/1/output?follow=true');
    const text = readAll(response);
    const run = await new FakeRun(harness.store, harness.catalogue.get(1)!).ready();
    await run.run();
    for (let i = 0; i < 20; i++) await run.print(`line ${i}\n`);
    await run.finish('COMPLETE');

    expect((await text).toString()).toBe(Array.from({ length: 20 }, (_, i) => `line ${i}\n`).join(''));
    expect(response.complete).toBe(true);
  });

  it('ends for a procedure that is deleted before anybody took it up', async () => {
    await call(harness, 'POST', '/procedures', HELLO);
    const text = readAll(await open('/procedures/1/output?follow=true'));

    await call(harness, 'DELETE', '/procedures/1');

    expect((await text).length).toBe(0);
  });

  it('shows a gap as a line that counts', async () => {
    const run = await started();
    await run.print('first');
    await run.append({ k: 'gap', s: 'stdout', bytes: 1234 } as never);
    await run.print('last');
    const whole = 'first\n[… 1234 bytes not kept …]\nlast';

    expect((await call(harness, 'GET', '/procedures/1/output')).text).toBe(whole);
    const bytes = Buffer.from(whole);
    for (const from of [0, 4, 7, 20, bytes.length - 2, bytes.length, 999]) {
      const { text } = await call(harness, 'GET', `/procedures/1/output?from=${from}`);
      expect(Buffer.from(text).toString('latin1').slice(-3)).toBe(bytes.subarray(from).toString('latin1').slice(-3));
    }
  });

  it('is still there when the procedure is forgotten', async () => {
    const run = await started();
    await run.print('hello\n');
    await run.finish('COMPLETE');
    await call(harness, 'DELETE', '/procedures/1');

    expect((await call(harness, 'GET', '/procedures/1/output?follow=true')).text).toBe('hello\n');
    expect((await call(harness, 'GET', '/procedures/1/result')).body.state).toBe('COMPLETE');
  });

  it('gives every byte exactly once, however often the connection is cut', async () => {
    const run = await started();
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 3000 }), { minLength: 1, maxLength: 20 }),
        fc.array(fc.integer({ min: 1, max: 2000 }), { maxLength: 6 }),
        async (pieces, cuts) => {
          const before = (await fetch(`${harness.base}/procedures/1/output`).then((r) => r.arrayBuffer())).byteLength;
          const expected = Buffer.concat(pieces);
          const got: Buffer[] = [];
          const have = (): number => got.reduce((sum, { length }) => sum + length, 0);
          const printing = (async () => {
            for (const piece of pieces) await run.print(Buffer.from(piece));
          })();
          for (const cut of [...cuts, Infinity]) {
            if (have() === expected.length) break;
            const response = await open(`/procedures/1/output?follow=true&from=${before + have()}`);
            const goal = Math.min(have() + cut, expected.length);
            for await (const chunk of response) {
              got.push(chunk as Buffer);
              if (have() >= goal) break; // leaving the loop cuts the connection
            }
          }
          await printing;
          expect(Buffer.concat(got).equals(expected)).toBe(true);
        },
      ),
      { numRuns: 15 },
    );
  });

  it('holds no more for a slow reader than the sockets do', async () => {
    const run = await started();
    const block = Buffer.alloc(1 << 20, 'x');
    for (let i = 0; i < 40; i++) await run.print(block);
    await run.finish('COMPLETE');
    const response = await open('/procedures/1/output?follow=true');
    response.pause();
    const writable = (): number => [...sockets].reduce((sum, socket) => sum + socket.writableLength, 0);
    await until(() => (writable() > 0 ? true : undefined));

    expect(writable()).toBeLessThan(2 << 20);

    const hash = createHash('sha256');
    for await (const chunk of response) hash.update(chunk as Buffer);
    expect(hash.digest('hex')).toBe(
      createHash('sha256')
        .update(Buffer.concat(Array.from({ length: 40 }, () => block)))
        .digest('hex'),
    );
  });

  it('is cut, not ended, by a shutdown', async () => {
    const run = await started();
    await run.print('half');
    const response = await open('/procedures/1/output?follow=true');
    const reading = readAll(response);
    await until(() => (response.readableFlowing === true || response.readableLength >= 0 ? true : undefined));

    harness.shutdown.abort();

    await expect(reading).rejects.toThrow();
    expect(response.complete).toBe(false);
  });

  const sockets = new Set<Socket>();
  beforeEach(() => {
    sockets.clear();
    harness.server.on('connection', (socket) => sockets.add(socket));
  });
});

describe('GET /procedures/{id}/result', () => {
  it('tells how it ended', async () => {
    const run = await started();
    await run.append({ k: 'result', value: { a: 1 } } as never);
    await run.print('x');
    await run.finish('COMPLETE');

    const { body } = await call(harness, 'GET', '/procedures/1/result');

    expect(body).toMatchObject({
      id: 1,
      state: 'COMPLETE',
      result: { a: 1 },
      failure: null,
      output: { bytes: { stdout: 1, stderr: 0 } },
    });
  });
});
