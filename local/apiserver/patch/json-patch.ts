import { jsonText } from '../json.ts';
import { cloneJson, equalJson, isObject } from '../objects.ts';

/** A patch that cannot be applied to this object. */
export class PatchError extends Error {}

interface Root {
  document: unknown;
  copied: number;
}

interface Operation {
  op: string;
  path: string;
  from?: string;
  value?: unknown;
}

/** As many operations as a real server takes. */
const MOST_OPERATIONS = 10_000;

/** Bytes, roughly, that `copy` may add. */
const MOST_COPIED = 3 * 1024 * 1024;

/**
 * JSON patch (RFC 6902) on a copy. Throws {@link PatchError} where a path is missing, a test fails or the patch makes much
 * of little.
 */
export function jsonPatch(target: unknown, operations: unknown[]): unknown {
  if (operations.length > MOST_OPERATIONS) throw new PatchError('too many operations');
  const root: Root = { document: cloneJson(target), copied: 0 };
  for (const operation of operations) {
    if (!isObject(operation) || typeof operation['op'] !== 'string' || typeof operation['path'] !== 'string') {
      throw new PatchError('an operation of the patch has no op or no path');
    }
    apply(root, operation as unknown as Operation);
  }
  return root.document;
}

function apply(root: Root, { op, path, from, value }: Operation): void {
  switch (op) {
    case 'test':
      if (!equalJson(read(root, path), value)) throw new PatchError(`test of ${path} failed`);
      return;
    case 'add':
      write(root, path, cloneJson(value), true);
      return;
    case 'replace':
      // a missing key is added, as seen on a real server
      write(root, path, cloneJson(value), false);
      return;
    case 'remove':
      remove(root, path);
      return;
    case 'move':
    case 'copy': {
      if (from === undefined) throw new PatchError(`${op} without from`);
      const moved = cloneJson(read(root, from));
      if (moved === undefined) throw new PatchError(`${from} is missing`);
      if (op === 'move') remove(root, from);
      else root.copied += jsonText(moved).length;
      if (root.copied > MOST_COPIED) throw new PatchError('the copies of the patch are too large');
      write(root, path, moved, true);
      return;
    }
    default:
      throw new PatchError(`unknown operation ${op}`);
  }
}

function locate(root: Root, pointer: string): { parent: unknown; key: string } {
  if (pointer === '') return { parent: root, key: 'document' };
  const keys = pointer
    .split('/')
    .slice(1)
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
  const key = keys.pop() ?? '';
  let parent = root.document;
  for (const each of keys) {
    parent = member(parent, each);
  }
  if (!isObject(parent) && !Array.isArray(parent)) throw new PatchError(`${pointer} is missing`);
  return { parent, key };
}

function read(root: Root, pointer: string): unknown {
  const { parent, key } = locate(root, pointer);
  return member(parent, key);
}

/** What a document itself has there, not what JavaScript's objects have. */
function member(parent: unknown, key: string): unknown {
  if (Array.isArray(parent)) return (parent as unknown[])[Number(key)];
  return isObject(parent) && Object.hasOwn(parent, key) ? parent[key] : undefined;
}

function write(root: Root, pointer: string, value: unknown, insert: boolean): void {
  const { parent, key } = locate(root, pointer);
  if (!Array.isArray(parent)) {
    if (key === '__proto__') throw new PatchError('the object has a key __proto__');
    (parent as Record<string, unknown>)[key] = value;
    return;
  }
  const at = key === '-' ? parent.length : Number(key);
  if (!Number.isInteger(at) || at < 0 || at > parent.length) throw new PatchError(`${pointer} is out of the list`);
  parent.splice(at, insert ? 0 : 1, value);
}

function remove(root: Root, pointer: string): void {
  if (read(root, pointer) === undefined) throw new PatchError(`${pointer} is missing`);
  const { parent, key } = locate(root, pointer);
  if (Array.isArray(parent)) parent.splice(Number(key), 1);
  else Reflect.deleteProperty(parent as object, key);
}
