import { AUDIENCE } from '../auth/users.ts';
import { notFound } from '../errors.ts';
import { isObject, kubeTime } from '../objects.ts';
import { mediaType, parseObject, readBody } from './body.ts';
import type { ResourceRequest, ServerContext } from './context.ts';
import { sendJson } from './reply.ts';

/** Serves `serviceaccounts/NAME/token`: a token that holds for the seconds asked for, an hour without. Throws 404. */
export async function serveTokenRequest(
  context: ServerContext,
  { req, res, namespace = '', name = '' }: ResourceRequest,
): Promise<void> {
  const account = context.api.storage.get('serviceaccounts', namespace, name);
  if (!account) throw notFound('serviceaccounts', '', name);
  const body = parseObject(await readBody(req), mediaType(req), 'TokenRequest');
  const spec = isObject(body) && isObject(body['spec']) ? body['spec'] : {};
  const wanted = spec['expirationSeconds'];
  const seconds = typeof wanted === 'number' ? wanted : 3600;
  const asked = Array.isArray(spec['audiences']) ? spec['audiences'].filter((each) => typeof each === 'string') : [];
  const audiences = asked.length === 0 ? [AUDIENCE] : asked;
  const token = context.users.issue({ namespace, name, uid: account.metadata.uid ?? '' }, seconds, audiences);
  const expirationTimestamp = kubeTime(context.api.clock.now() + seconds * 1000);
  const answer = {
    kind: 'TokenRequest',
    apiVersion: 'authentication.k8s.io/v1',
    metadata: { name, namespace, creationTimestamp: kubeTime(context.api.clock.now()) },
    spec: { ...spec, audiences, expirationSeconds: seconds },
    status: { token, expirationTimestamp },
  };
  sendJson(res, 201, JSON.stringify(answer));
}
