import type { IncomingMessage } from 'node:http';
import { actingUser } from '../auth/impersonate.ts';
import { bearerToken, type User } from '../auth/users.ts';
import { ApiError } from '../errors.ts';
import type { ServerContext } from './context.ts';

/** Path and query of a request. */
export function locationOf(req: IncomingMessage): { path: string; query: URLSearchParams } {
  const [path = '/', query = ''] = (req.url ?? '/').split('?', 2);
  return { path, query: new URLSearchParams(query) };
}

/** Who asks. Throws 401, and what {@link actingUser} throws. */
export function userOf(context: ServerContext, req: IncomingMessage): User {
  const token = bearerToken(req.headers.authorization);
  const user = token === undefined ? undefined : context.users.find(token);
  if (!user) throw new ApiError(401, 'Unauthorized', 'Unauthorized');
  return actingUser(req, user, context);
}
