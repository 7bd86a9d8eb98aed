import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { ServerResponse } from 'node:http';
import { EventRecorder } from './events.ts';
import type { EventInput } from './events.ts';
import { FakeClock } from './testing/fake-clock.ts';
import { configMap } from './testing/objects.ts';
import { json, refuse, reset, serve } from './testing/server.ts';
import type { Seen, TestServer } from './testing/server.ts';

let server: TestServer;
let clock: FakeClock;
let recorder: EventRecorder;
let answer: (request: Seen, response: ServerResponse) => void;
let names = 0;

beforeEach(async () => {
  names = 0;
  answer = (_request, response) => json(response, {});
  clock = new FakeClock();
  server = await serve((request, response) => answer(request, response));
  recorder = new EventRecorder({
    kube: server.kube,
    controller: 'oet.skao.int/operator',
    instance: 'operator-0',
    clock,
    suffix: () => String(names++),
  });
});
afterEach(() => server.close());

const object = configMap('a', 1);
const input: EventInput = { type: 'Warning', reason: 'PodLost', note: 'the pod is gone' };
const bodies = (): unknown[] => server.seen.map(({ body }) => JSON.parse(body) as unknown);

test('an event as events.k8s.io wants it', async () => {
  recorder.record(object, { ...input, action: 'Stopping' });
  await recorder.flush();

  expect(server.seen[0]).toMatchObject({ method: 'POST', path: '/apis/events.k8s.io/v1/namespaces/ns/events' });
  expect(bodies()).toEqual([
    {
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata: { name: 'a.0', namespace: 'ns' },
      eventTime: '2026-01-01T00:00:00.000000Z',
      type: 'Warning',
      reason: 'PodLost',
      action: 'Stopping',
      note: 'the pod is gone',
      regarding: {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        name: 'a',
        namespace: 'ns',
        uid: 'uid-a',
        resourceVersion: '1',
      },
      reportingController: 'oet.skao.int/operator',
      reportingInstance: 'operator-0',
    },
  ]);
});

test.each([
  ['short', 'short'],
  ['ä'.repeat(600), `${'ä'.repeat(510)}…`],
  ['x'.repeat(2000), `${'x'.repeat(1021)}…`],
])('a note of %.10s fits into 1 KiB', async (note, expected) => {
  recorder.record(object, { ...input, note });
  await recorder.flush();

  expect(bodies()).toMatchObject([{ note: expected }]);
  expect(Buffer.byteLength(expected)).toBeLessThanOrEqual(1024);
});

describe('repetitions', () => {
  test('become a series: the second at once, the rest now and then', async () => {
    for (let n = 0; n < 5; n++) recorder.record(object, { ...input, note: `try ${n}` });
    await recorder.flush();
    expect(server.seen.map(({ method, path }) => [method, path.split('/').at(-1)])).toEqual([
      ['POST', 'events'],
      ['PATCH', 'a.0'],
    ]);
    await clock.advance(30_000);
    recorder.record(object, input);
    await recorder.flush();

    expect(bodies()[2]).toEqual({ series: { count: 6, lastObservedTime: '2026-01-01T00:00:30.000000Z' } });
  });

  test('after six quiet minutes are a new event, and the count of the old one is told', async () => {
    for (let n = 0; n < 5; n++) recorder.record(object, input);
    await recorder.flush();
    await clock.advance(10_000);
    recorder.record(object, input);
    await clock.advance(360_001);
    recorder.record(object, input);
    await recorder.flush();

    expect(bodies().slice(2)).toMatchObject([{ series: { count: 6 } }, { metadata: { name: 'a.1' } }]);
  });

  test('of an event that is gone by now make it anew', async () => {
    answer = ({ method }, response) =>
      method === 'PATCH' ? refuse(response, 404, 'NotFound', 'no') : json(response, {});
    recorder.record(object, input);
    recorder.record(object, input);
    await recorder.flush();

    expect(server.seen.map(({ method }) => method)).toEqual(['POST', 'PATCH', 'POST']);
    expect(bodies()[2]).toMatchObject({ series: { count: 2 } });
  });

  test.each([
    ['another reason', object, { ...input, reason: 'NodeLost' }],
    ['another object', configMap('b', 1), input],
  ])('%s is another event', async (_, second, other) => {
    recorder.record(object, input);
    recorder.record(second, other);
    await recorder.flush();

    expect(server.seen.map(({ method }) => method)).toEqual(['POST', 'POST']);
  });
});

test('a flood is cut off at 25, and let in again one per five minutes', async () => {
  const flood = async (from: number): Promise<number> => {
    const before = server.seen.length;
    for (let n = 0; n < 30; n++) recorder.record(object, { ...input, reason: `Reason${from + n}` });
    await recorder.flush();
    return server.seen.length - before;
  };

  expect(await flood(0)).toBe(25);
  await clock.advance(600_000);
  expect(await flood(100)).toBe(2);
  expect(recorder.dropped).toBe(5 + 28);
});

describe('what cannot be written', () => {
  test('for good is given up without a word to the caller', async () => {
    answer = (_request, response) => refuse(response, 403, 'Forbidden', 'namespace is going');
    recorder.record(object, input);
    await recorder.flush();

    expect(server.seen).toHaveLength(1);
    expect(recorder.dropped).toBe(1);
  });

  test('for now is tried three times', async () => {
    answer = (_request, response) => reset(response);
    recorder.record(object, input);
    for (const wait of [1_000, 1_000]) {
      await clock.waiting(wait);
      await clock.advance(wait);
    }
    await recorder.flush();

    expect(server.seen).toHaveLength(3);
    expect(recorder.dropped).toBe(1);
  });
});
