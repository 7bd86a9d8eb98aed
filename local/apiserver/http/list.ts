import { randomUUID } from 'node:crypto';
import { ApiError, badRequest, expired, fieldForbidden, invalid, notSupported, type FieldError } from '../errors.ts';
import type { KubeObject } from '../objects.ts';
import { fieldRefusal, selectableFields, type Resource } from '../resources/resource.ts';
import { shownAs } from '../rest/api.ts';
import { selectorOf } from '../selectors.ts';
import type { Storage } from '../storage.ts';

/** One page of a list. */
export interface Page {
  objects: KubeObject[];
  resourceVersion: string;
  continueToken: string | undefined;
  remaining: number | undefined;
}

interface Snapshot {
  objects: KubeObject[];
  resourceVersion: string;
}

/** Unfinished lists that are kept; older ones answer 410, as after a compaction. */
const MOST_SNAPSHOTS = 100;

/** Lists with selectors and pages; later pages show what was there when the first was read. */
export function createLister(
  storage: Storage,
): (resource: Resource, namespace: string | undefined, query: URLSearchParams) => Page {
  const snapshots = new Map<string, Snapshot>();

  function proceed(token: string, limit: number): Page {
    let position: { s?: unknown; i?: unknown };
    try {
      position = JSON.parse(Buffer.from(token, 'base64url').toString('utf8')) as typeof position;
    } catch (error) {
      throw badRequest(
        `invalid continue token: continue key is not valid: ${error instanceof Error ? error.message : ''}`,
      );
    }
    const { s: id, i: from } = position;
    if (typeof id !== 'string' || typeof from !== 'number') throw badRequest('invalid continue token');
    const snapshot = snapshots.get(id);
    if (!snapshot) {
      throw expired(
        'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter.',
      );
    }
    return page(id, snapshot, from, limit);
  }

  function page(id: string | undefined, snapshot: Snapshot, from: number, limit: number): Page {
    const { objects, resourceVersion } = snapshot;
    const end = limit > 0 ? from + limit : objects.length;
    if (end >= objects.length) {
      if (id !== undefined) snapshots.delete(id);
      return { objects: objects.slice(from), resourceVersion, continueToken: undefined, remaining: undefined };
    }
    const key = id ?? randomUUID();
    snapshots.set(key, snapshot);
    for (const oldest of snapshots.keys()) {
      if (snapshots.size <= MOST_SNAPSHOTS) break;
      snapshots.delete(oldest);
    }
    const continueToken = Buffer.from(JSON.stringify({ s: key, i: end })).toString('base64url');
    return { objects: objects.slice(from, end), resourceVersion, continueToken, remaining: objects.length - end };
  }

  return (resource, namespace, query) => {
    const limit = numberOf(query, 'limit') ?? 0;
    const token = query.get('continue');
    if (token) return proceed(token, limit);
    checkVersion(storage, resource, query);
    const match = selectorOf(query, selectableFields(resource), fieldRefusal(resource));
    const objects = storage.list(resource.gvr, namespace, match && ((object) => match(shownAs(resource, object))));
    return page(undefined, { objects, resourceVersion: String(storage.resourceVersion) }, 0, limit);
  };
}

/** An integer of the query; throws 400. */
export function numberOf(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null || text === '') return undefined;
  if (!/^[+-]?\d+$/.test(text)) throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  return Number(text);
}

/** A resourceVersion of the query. Throws for what is none: 400, or 500 from a watch, as a real server does. */
export function versionOf(query: URLSearchParams, isWatch = false): number | undefined {
  const text = query.get('resourceVersion');
  if (text === null || text === '') return undefined;
  if (!/^\d+$/.test(text)) {
    const shown = JSON.stringify(text);
    const why = `resourceVersion: Invalid value: ${shown}: strconv.ParseUint: parsing ${shown}: invalid syntax`;
    throw isWatch ? new ApiError(500, '', why) : badRequest(`invalid resource version: ${why}`);
  }
  return Number(text);
}

/** `resourceVersionMatch` and `sendInitialEvents` must go together. Throws 422. */
export function checkMatch(query: URLSearchParams, isWatch: boolean): void {
  const matching = query.get('resourceVersionMatch') ?? '';
  const version = query.get('resourceVersion') ?? '';
  const initial = query.get('sendInitialEvents');
  const field = 'resourceVersionMatch';
  if (isWatch) {
    if (matching !== '' && initial === null) {
      throw invalidList([
        fieldForbidden(field, 'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided'),
      ]);
    }
    if (initial !== null && matching !== 'NotOlderThan') {
      throw invalidList([
        fieldForbidden(field, 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan'),
      ]);
    }
    return;
  }
  if (initial !== null) {
    throw invalidList([fieldForbidden('sendInitialEvents', 'sendInitialEvents is forbidden for list')]);
  }
  if (matching === '') return;
  if (version === '') {
    throw invalidList([fieldForbidden(field, 'resourceVersionMatch is forbidden unless resourceVersion is provided')]);
  }
  if (matching !== 'Exact' && matching !== 'NotOlderThan') {
    throw invalidList([notSupported(field, matching, ['Exact', 'NotOlderThan', ''])]);
  }
  if (matching === 'Exact' && version === '0') {
    throw invalidList([fieldForbidden(field, 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"')]);
  }
}

function invalidList(errors: FieldError[]): ApiError {
  return invalid('ListOptions', 'meta.k8s.io', '', errors);
}

/** Throws 504 for a resourceVersion that is not there yet; a real server waits for it a little, which nobody relies on. */
export function checkNotInFuture(storage: Storage, version: number): void {
  if (version <= storage.resourceVersion) return;
  const text = `Timeout: Too large resource version: ${version}, current: ${storage.resourceVersion}`;
  throw new ApiError(504, 'Timeout', text, {
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    retryAfterSeconds: 1,
  });
}

function checkVersion(storage: Storage, resource: Resource, query: URLSearchParams): void {
  checkMatch(query, false);
  const version = versionOf(query);
  if (version === undefined || version === 0) return;
  checkNotInFuture(storage, version);
  // only the present can be listed; as of an older version it is the same if nothing has happened since
  if (query.get('resourceVersionMatch') === 'Exact' && storage.since(resource.gvr, version)?.length !== 0) {
    throw expired('The resourceVersion for the provided list is too old.');
  }
}
