import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { IdCounter } from './counter.ts';
import { KubeError } from './errors.ts';
import type { ConfigMap } from './kinds.ts';
import type { Stored } from './meta.ts';

/** A ConfigMap with the API server's rules for writes, and failures on demand. */
class FakeConfigMaps {
  object: Stored<ConfigMap> | undefined;
  calls = 0;
  swaps = 0;
  #version = 0;
  readonly #mood: () => 'ok' | 'slow' | 'lost';

  constructor(mood: () => 'ok' | 'slow' | 'lost' = () => 'ok') {
    this.#mood = mood;
  }

  async get(name: string): Promise<Stored<ConfigMap>> {
    await this.#turn();
    if (!this.object) throw new KubeError(`configmaps "${name}" not found`, { status: 404, reason: 'NotFound' });
    return this.object;
  }

  async create(object: ConfigMap): Promise<Stored<ConfigMap>> {
    await this.#turn();
    if (this.object) throw new KubeError('exists', { status: 409, reason: 'AlreadyExists' });
    return this.#store(object);
  }

  async replace(object: ConfigMap): Promise<Stored<ConfigMap>> {
    await this.#turn();
    if (!this.object) throw new KubeError('gone', { status: 404, reason: 'NotFound' });
    if (object.metadata.resourceVersion !== this.object.metadata.resourceVersion) {
      throw new KubeError('modified', { status: 409, reason: 'Conflict' });
    }
    return this.#store(object);
  }

  async #turn(): Promise<void> {
    this.calls++;
    if (this.#mood() === 'slow') await new Promise(setImmediate);
  }

  #store(object: ConfigMap): Stored<ConfigMap> {
    this.swaps++;
    const identity = { name: 'oet-ids', uid: 'u', resourceVersion: String(++this.#version), creationTimestamp: '' };
    this.object = { ...object, metadata: { ...object.metadata, ...identity } };
    if (this.#mood() === 'lost') throw new KubeError('no answer', { status: 0, code: 'ECONNRESET' });
    return this.object;
  }
}

const clock = { sleep: () => Promise.resolve() };

describe('IdCounter', () => {
  it('makes the ConfigMap and counts from 1', async () => {
    const configMaps = new FakeConfigMaps();
    const counter = new IdCounter({ configMaps, clock });

    const ids = [await counter.next(), await counter.next(3), await counter.next()];

    expect(ids).toEqual([1, 2, 5]);
    expect(configMaps.object?.data).toEqual({ next: '6' });
  });

  it('takes one swap for calls that come together', async () => {
    const configMaps = new FakeConfigMaps();
    const counter = new IdCounter({ configMaps, clock });
    await counter.next();
    configMaps.calls = 0;

    const ids = await Promise.all(Array.from({ length: 200 }, () => counter.next()));

    expect(ids).toEqual(Array.from({ length: 200 }, (_, i) => i + 2));
    expect(configMaps.calls).toBeLessThanOrEqual(2);
  });

  it('keeps the rest of the ConfigMap', async () => {
    const configMaps = new FakeConfigMaps();
    await configMaps.create({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { labels: { a: 'b' } },
      data: { next: '41', x: 'y' },
    });

    await expect(new IdCounter({ configMaps, clock }).next()).resolves.toBe(41);

    expect(configMaps.object).toMatchObject({ data: { next: '42', x: 'y' }, metadata: { labels: { a: 'b' } } });
  });

  it.each(['x', '', '0', '-1', '1.5', '99999999999999999999'])('refuses to guess at data.next = "%s"', async (next) => {
    const configMaps = new FakeConfigMaps();
    await configMaps.create({ apiVersion: 'v1', kind: 'ConfigMap', metadata: {}, data: { next } });

    await expect(new IdCounter({ configMaps, clock }).next()).rejects.toThrow('data.next');
  });

  it('never gives a number twice, whoever counts, whatever is lost', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(2), fc.integer({ min: 1, max: 4 })), { maxLength: 40 }),
        fc.array(fc.constantFrom('ok', 'ok', 'slow', 'lost'), { minLength: 1 }),
        async (calls, moods) => {
          let turn = 0;
          const configMaps = new FakeConfigMaps(() => moods[turn++ % moods.length] as 'ok' | 'slow' | 'lost');
          const counters = [0, 1, 2].map(() => new IdCounter({ configMaps, clock, random: () => 0 }));

          const results = await Promise.allSettled(
            calls.map(async ([who, count]) => ({ first: await counters[who]!.next(count), count })),
          );

          const given = results.flatMap((result) =>
            result.status === 'fulfilled'
              ? Array.from({ length: result.value.count }, (_, i) => result.value.first + i)
              : [],
          );
          expect(new Set(given).size).toBe(given.length);
          expect(Math.max(0, ...given)).toBeLessThan(Number(configMaps.object?.data?.['next'] ?? 1));
        },
      ),
    );
  });
});
