import type { IncomingMessage } from 'node:http';
import { ApiError } from '../errors.ts';
import { denied, type Attributes, type Authorizer } from './rbac.ts';
import { serviceAccountGroups, type User } from './users.ts';

const ACCOUNT = /^system:serviceaccount:([^:]+):([^:]+)$/;
const EXTRA = 'impersonate-extra-';

/**
 * The user on whose behalf a request is made: the one of the `Impersonate-…` headers (kubectl's `--as`) where there are
 * some, and whoever sends them may impersonate that one. Throws 403, and 500 for groups without a user, as a real server.
 */
export function actingUser(req: IncomingMessage, user: User, authorizer: Authorizer): User {
  const headers = req.headersDistinct;
  const [name = ''] = headers['impersonate-user'] ?? [];
  const groups = headers['impersonate-group'] ?? [];
  const [uid] = headers['impersonate-uid'] ?? [];
  const extra = Object.entries(headers).flatMap(([key, values = []]): [string, string[]][] =>
    key.startsWith(EXTRA) ? [[unescaped(key.slice(EXTRA.length)), values]] : [],
  );
  if (name === '') {
    if (groups.length === 0 && uid === undefined && extra.length === 0) return user;
    throw new ApiError(500, 'InternalError', 'Internal error occurred: an impersonation names no user');
  }
  const ask = (attributes: Omit<Attributes, 'verb'>): void => {
    const whole = { verb: 'impersonate', ...attributes };
    if (!authorizer.allowed(user, whole)) throw denied(user, whole);
  };
  const [, namespace, account] = ACCOUNT.exec(name) ?? [];
  if (account === undefined) ask({ resource: 'users', name });
  else ask({ resource: 'serviceaccounts', namespace, name: account });
  for (const group of groups) ask({ resource: 'groups', name: group });
  if (uid !== undefined) ask({ group: 'authentication.k8s.io', resource: 'uids', name: uid });
  for (const [key, values] of extra) {
    for (const value of values) {
      ask({ group: 'authentication.k8s.io', resource: 'userextras', subresource: key, name: value });
    }
  }
  const known = name === 'system:anonymous' ? 'system:unauthenticated' : 'system:authenticated';
  const own = groups.length === 0 && namespace !== undefined ? serviceAccountGroups(namespace) : groups;
  return {
    username: name,
    ...(uid === undefined ? {} : { uid }),
    groups: [...new Set([...own, known])],
    ...(extra.length === 0 ? {} : { extra: Object.fromEntries(extra) }),
  };
}

/** A header's name has what it cannot hold as %XX. */
function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // as a real server: what is no escape stands for itself
  }
}
