import type { IncomingMessage, ServerResponse } from 'node:http';
import type { KubeletApi } from '../kubelet-api.ts';
import type { KnobValues } from '../knobs.ts';
import type { Api } from '../rest/api.ts';
import type { Resource } from '../resources/resource.ts';
import type { WatchHub } from '../watch/hub.ts';
import type { createLister } from './list.ts';
import type { Attributes } from '../auth/rbac.ts';
import type { User, UserTable } from '../auth/users.ts';

/** What requests are served with. */
export interface ServerContext {
  api: Api;
  hub: WatchHub;
  list: ReturnType<typeof createLister>;
  knobs: KnobValues;
  kubelet: () => KubeletApi | undefined;
  users: UserTable;
  allowed(user: User, attributes: Attributes): boolean;
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
