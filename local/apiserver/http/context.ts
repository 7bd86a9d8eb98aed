import type { IncomingMessage, ServerResponse } from 'node:http';
import type { KubeletApi } from '../kubelet-api.ts';
import type { KnobValues } from '../knobs.ts';
import type { Api } from '../rest/api.ts';
import type { Resource } from '../resources/resource.ts';
import type { WatchHub } from '../watch/hub.ts';
import type { createLister } from './list.ts';
import type { Authorizer } from '../auth/rbac.ts';
import type { User, UserTable } from '../auth/users.ts';

/** What requests are served with. */
export interface ServerContext extends Authorizer {
  api: Api;
  hub: WatchHub;
  list: ReturnType<typeof createLister>;
  knobs: KnobValues;
  kubelet: () => KubeletApi | undefined;
  users: UserTable;
}

/** One request for a resource. */
export interface ResourceRequest {
  req: IncomingMessage;
  res: ServerResponse;
  query: URLSearchParams;
  resource: Resource;
  namespace: string | undefined;
  name: string | undefined;
  subresource: string | undefined;
  user: User;
}
