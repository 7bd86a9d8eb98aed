/** A capture beside a model of the runner, on a fake clock: which streams of its pod a run costs. */
import { describe, expect, it } from '@jest/globals';
import { FakeClock } from '../../kube/testing/fake-clock.ts';
import { FakePod, type ScriptModel } from '../testing/fake-pod.ts';
import { MemoryStore } from '../testing/memory-store.ts';
import { podStreams } from '../testing/pod-streams.ts';
import { Capture } from './capture.ts';
import { Crowd } from './crowd.ts';
import type { ContainerStreams } from './ports.ts';

const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const QUICK: ScriptModel = { initMs: 5, runMs: 300, cleanupMs: 10, lines: 30, version: 2 };

/** A run whose container is there and seen running, from its hello to the start of main. */
async function running(script: Partial<ScriptModel>) {
  const clock = new FakeClock();
  const store = new MemoryStore();
  const opened: string[] = [];
  const pod = new FakePod({ script: { ...QUICK, ...script }, clock, onExit: () => undefined });
  const faultless = podStreams({
    pod: () => pod,
    clock,
    random: () => 0.5,
    faults: () => ({ lossy: 0, damaged: 0 }),
    forbidden: new Set(),
    life: new AbortController().signal,
  });
  const streams: ContainerStreams = {
    attach: (options, signal) => {
      opened.push(options.stdout ? 'attach with stdout' : 'attach');
      return faultless.attach(options, signal);
    },
    readLog: (options, onChunk, signal) => {
      opened.push(options.follow ? 'follow' : 'read');
      return faultless.readLog(options, onChunk, signal);
    },
  };
  await store.openRun({ uid: 'u', namespace: 'n', name: 'p', id: 1, created: 0, info: {} });
  const ports = { streams, journal: store, clock, log, crowd: new Crowd(), session: 1, changed: () => undefined };
  const capture = new Capture({ uid: 'u', high: 0, ended: false, ports });
  capture.begin();
  await clock.advance(170); // the container is not there before
  pod.boot();
  await clock.advance(30);
  capture.containerSeen('running');
  const { nonce = '' } = capture.view().hello ?? {};
  capture.commands.prepare(nonce, { source: 'runner', sha256: '' }, {});
  await clock.advance(50);
  capture.commands.main(nonce, '{}');
  return { capture, clock, store, pod, opened };
}

describe('the streams of a run', () => {
  it('that is over within three seconds: one attach brings everything', async () => {
    const { capture, clock, store, pod, opened } = await running({ runMs: 300 });
    await clock.advance(2_000);
    expect(store.all.get('u')?.end).toMatchObject({ state: 'COMPLETE' });
    expect(store.all.get('u')?.entries.filter(({ k }) => k === 'out')).toHaveLength(30);
    expect(pod.exitCode).toBe(0); // its end was acknowledged
    expect(opened).toEqual(['attach with stdout']);
    capture.close();
  });

  it('that lasts: the log takes over, and an attach without stdout', async () => {
    const { capture, clock, store, pod, opened } = await running({ runMs: 10_000 });
    await clock.advance(2_800);
    expect(opened).toEqual(['attach with stdout']);
    await clock.advance(400);
    expect(opened).toEqual(['attach with stdout', 'follow', 'attach']);
    await clock.advance(10_000);
    expect(store.all.get('u')?.end).toMatchObject({ state: 'COMPLETE' });
    expect(store.all.get('u')?.entries.map(({ n }) => n)).toEqual(store.all.get('u')?.entries.map((_, i) => i + 1));
    expect(pod.exitCode).toBe(0);
    expect(opened).toHaveLength(3);
    capture.close();
  });
});
