import { badRequest } from '../errors.ts';

/** A path of the resource API, taken apart. */
export interface ResourcePath {
  group: string;
  version: string;
  namespace: string | undefined;
  resource: string;
  name: string | undefined;
  subresource: string | undefined;
}

function unescaped(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw badRequest(`invalid URL escape in ${JSON.stringify(part)}`);
  }
}

/** `/api/v1/…` and `/apis/GROUP/VERSION/…`; undefined for any other path (discovery, OpenAPI, health). Throws 400. */
export function parseResourcePath(path: string): ResourcePath | undefined {
  const parts = path.split('/').slice(1);
  let rest: string[];
  let group = '';
  let version: string;
  if (parts[0] === 'api' && parts[1] !== undefined && parts.length > 2) {
    version = parts[1];
    rest = parts.slice(2);
  } else if (parts[0] === 'apis' && parts[1] !== undefined && parts[2] !== undefined && parts.length > 3) {
    [, group, version] = [parts[0], parts[1], parts[2]];
    rest = parts.slice(3);
  } else {
    return undefined;
  }
  rest = rest.map(unescaped);
  let namespace: string | undefined;
  // `namespaces/x` and its subresources are the Namespace itself; anything longer lies in it.
  if (rest[0] === 'namespaces' && rest.length > 2 && rest[2] !== 'status' && rest[2] !== 'finalize') {
    namespace = rest[1];
    rest = rest.slice(2);
  }
  const [resource, name, subresource, ...more] = rest;
  if (resource === undefined || resource === '' || more.length > 0) return undefined;
  return {
    group,
    version,
    namespace,
    resource,
    name: name === '' ? undefined : name,
    subresource,
  };
}
