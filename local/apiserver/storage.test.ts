import { afterEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KubeObject } from './objects.ts';
import { openStorage, StorageError, type Storage, type StorageEvent } from './storage.ts';

const folders: string[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'oet-storage-'));
  folders.push(path);
  return path;
}

function object(name: string, value: unknown = 0, metadata: Partial<KubeObject['metadata']> = {}): KubeObject {
  return { apiVersion: 'v1', kind: 'X', metadata: { name, namespace: 'ns', ...metadata }, value };
}

function reason(f: () => unknown): string {
  try {
    f();
    return 'none';
  } catch (error) {
    return error instanceof StorageError ? error.reason : 'another';
  }
}

const command = fc.record({
  verb: fc.constantFrom('create', 'update', 'stale', 'delete', 'modify'),
  name: fc.constantFrom('a', 'b', 'c'),
  value: fc.nat(3),
});

/** What the events of a kind add up to. */
function fold(events: StorageEvent[], from: Map<string, unknown> = new Map()): Map<string, unknown> {
  for (const { type, object: each } of events) {
    if (type === 'DELETED') from.delete(each.metadata.name);
    else from.set(each.metadata.name, each['value']);
  }
  return from;
}

test('objects, events, replays and what a restart finds all tell the same story', () => {
  fc.assert(
    fc.property(fc.array(command, { maxLength: 30 }), (commands) => {
      const dataDir = folder();
      const storage = openStorage({ dataDir });
      const model = new Map<string, unknown>();
      const events: StorageEvent[] = [];
      storage.subscribe((event) => events.push(event));
      for (const { verb, name, value } of commands) run(storage, model, verb, name, value);

      const listed = new Map(storage.list('xs', 'ns').map((each) => [each.metadata.name, each['value']]));
      expect(listed).toEqual(model);
      expect(fold(events)).toEqual(model);
      expect(fold(storage.since('xs', 0) ?? [])).toEqual(model);
      expect(events.map((each) => each.resourceVersion)).toEqual(events.map((_each, i) => i + 1));
      const saved = storage.list('xs');
      const version = storage.resourceVersion;
      storage.close();
      const again = openStorage({ dataDir });
      expect(again.list('xs')).toEqual(saved);
      expect(again.resourceVersion).toBe(version);
      expect(again.since('xs', version)).toEqual([]);
      expect(again.since('xs', version - 1)).toBeUndefined();
      again.close();
    }),
    { numRuns: 50 },
  );
});

function run(storage: Storage, model: Map<string, unknown>, verb: string, name: string, value: number): void {
  const exists = model.has(name);
  switch (verb) {
    case 'create':
      expect(reason(() => storage.create('xs', object(name, value)))).toBe(exists ? 'AlreadyExists' : 'none');
      if (!exists) model.set(name, value);
      return;
    case 'update':
      expect(reason(() => storage.update('xs', object(name, value)))).toBe(exists ? 'none' : 'NotFound');
      if (exists) model.set(name, value);
      return;
    case 'stale':
      expect(reason(() => storage.update('xs', object(name, value, { resourceVersion: '0' })))).toBe(
        exists ? 'Conflict' : 'NotFound',
      );
      return;
    case 'modify':
      storage.modify('xs', 'ns', name, (current) => ({ ...current, value }));
      if (exists) model.set(name, value);
      return;
    default:
      expect(storage.delete('xs', 'ns', name) !== undefined).toBe(exists);
      model.delete(name);
  }
}

describe('a delete', () => {
  test('waits for finalizers, and is done with the last of them', () => {
    const storage = openStorage({ now: () => 0 });
    storage.create('xs', object('a', 1, { finalizers: ['f.g/h'], generation: 1 }));
    const marked = storage.delete('xs', 'ns', 'a');

    expect(marked?.metadata).toMatchObject({ deletionTimestamp: '1970-01-01T00:00:00Z', finalizers: ['f.g/h'] });
    storage.modify('xs', 'ns', 'a', (each) => ({ ...each, metadata: { ...each.metadata, finalizers: [] } }));
    expect(storage.get('xs', 'ns', 'a')).toBeUndefined();
  });

  test.each([{ uid: 'other' }, { resourceVersion: '9' }])('holds to %j', (preconditions) => {
    const storage = openStorage();
    storage.create('xs', object('a'));

    expect(reason(() => storage.delete('xs', 'ns', 'a', preconditions))).toBe('Conflict');
    expect(storage.get('xs', 'ns', 'a')).toBeDefined();
  });
});

test('a listener that writes makes nobody see events out of order', () => {
  const storage = openStorage();
  const seen: number[] = [];
  storage.subscribe((event) => {
    if (event.object['value'] === 1) storage.create('ys', object('echo', 2));
  });
  storage.subscribe((event) => seen.push(event.resourceVersion));
  storage.create('xs', object('a', 1));
  storage.create('xs', object('b', 0));

  expect(seen).toEqual([1, 2, 3]);
});

test('a listener that throws keeps nothing from the others', () => {
  const errors: unknown[] = [];
  const storage = openStorage({ onListenerError: (error) => errors.push(error) });
  const seen: string[] = [];
  storage.subscribe(() => {
    throw new Error('mine');
  });
  storage.subscribe((event) => seen.push(event.object.metadata.name));
  storage.create('xs', object('a'));

  expect(seen).toEqual(['a']);
  expect(errors).toHaveLength(1);
});

test('the window keeps the last events, and knows what it has forgotten', () => {
  const storage = openStorage({ windowSize: 10 });
  for (let i = 0; i < 25; i++) storage.create('xs', object(`o${i}`));

  expect(storage.since('xs', 0)).toBeUndefined();
  expect(storage.since('xs', 15)?.map((each) => each.resourceVersion)).toEqual([
    16, 17, 18, 19, 20, 21, 22, 23, 24, 25,
  ]);
  storage.compact();
  expect(storage.since('xs', 24)).toBeUndefined();
  expect(storage.since('xs', 25)).toEqual([]);
});
