import { cloneJson, equalJson, isObject } from '../objects.ts';

/** A patch that cannot be applied to this object. */
export class PatchError extends Error {}

interface Operation {
  op: string;
  path: string;
  from?: string;
  value?: unknown;
}

/** JSON patch (RFC 6902) on a copy. Throws {@link PatchError} where a path is missing or a test fails. */
export function jsonPatch(target: unknown, operations: unknown[]): unknown {
  const root = { document: cloneJson(target) };
  for (const operation of operations) {
    if (!isObject(operation) || typeof operation['op'] !== 'string' || typeof operation['path'] !== 'string') {
      throw new PatchError('an operation of the patch has no op or no path');
    }
    apply(root, operation as unknown as Operation);
  }
  return root.document;
}

function apply(root: { document: unknown }, { op, path, from, value }: Operation): void {
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
      write(root, path, moved, true);
      return;
    }
    default:
      throw new PatchError(`unknown operation ${op}`);
  }
}

function locate(root: { document: unknown }, pointer: string): { parent: unknown; key: string } {
  if (pointer === '') return { parent: root, key: 'document' };
  const keys = pointer
    .split('/')
    .slice(1)
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
  const key = keys.pop() ?? '';
  let parent = root.document;
  for (const each of keys) {
    parent = Array.isArray(parent) ? (parent as unknown[])[Number(each)] : isObject(parent) ? parent[each] : undefined;
  }
  if (!isObject(parent) && !Array.isArray(parent)) throw new PatchError(`${pointer} is missing`);
  return { parent, key };
}

function read(root: { document: unknown }, pointer: string): unknown {
  const { parent, key } = locate(root, pointer);
  return Array.isArray(parent) ? (parent as unknown[])[Number(key)] : (parent as Record<string, unknown>)[key];
}

function write(root: { document: unknown }, pointer: string, value: unknown, insert: boolean): void {
  const { parent, key } = locate(root, pointer);
  if (!Array.isArray(parent)) {
    (parent as Record<string, unknown>)[key] = value;
    return;
  }
  const at = key === '-' ? parent.length : Number(key);
  if (!Number.isInteger(at) || at < 0 || at > parent.length) throw new PatchError(`${pointer} is out of the list`);
  parent.splice(at, insert ? 0 : 1, value);
}

function remove(root: { document: unknown }, pointer: string): void {
  if (read(root, pointer) === undefined) throw new PatchError(`${pointer} is missing`);
  const { parent, key } = locate(root, pointer);
  if (Array.isArray(parent)) parent.splice(Number(key), 1);
  else Reflect.deleteProperty(parent as object, key);
}
