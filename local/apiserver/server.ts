import { createServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { bootstrap } from './bootstrap.ts';
import { systemClock, type Clock } from './clock.ts';
import { startCrdController } from './controllers/crds.ts';
import { startEventExpiry } from './controllers/events.ts';
import { startGarbageCollector } from './controllers/garbage.ts';
import { startNamespaceController } from './controllers/namespaces.ts';
import { createAttachServer } from './http/attach.ts';
import type { ServerContext } from './http/context.ts';
import { createHandler } from './http/handler.ts';
import { createLister } from './http/list.ts';
import { createAuthorizer } from './auth/rbac.ts';
import { createUserTable, type User } from './auth/users.ts';
import { kubeconfig } from './kubeconfig.ts';
import { defaultKnobs, type Knobs, type KnobValues } from './knobs.ts';
import type { KubeletApi } from './kubelet-api.ts';
import { createRegistry } from './resources/registry.ts';
import type { Api } from './rest/api.ts';
import { openStorage, type Storage } from './storage.ts';
import { createWatchHub } from './watch/hub.ts';

/** Options of {@link startApiServer}. */
export interface ApiServerOptions {
  /** Where objects are kept; in memory without it. */
  dataDir?: string;
  /** 0, the default, takes a free one. */
  port?: number;
  /** The bearer token of the administrator. */
  token: string;
  /** Other tokens and who has them. */
  users?: Record<string, User>;
  /** PEM; `ca` is what clients trust, the certificate itself without it. */
  tls: { cert: string; key: string; ca?: string };
  /** The node; it may also be given later with `setKubelet`. */
  kubelet?: KubeletApi;
  knobs?: Partial<KnobValues>;
  clock?: Clock;
}

/** A running API server. */
export interface ApiServer {
  url: string;
  port: number;
  storage: Storage;
  knobs: Knobs;
  setKubelet(kubelet: KubeletApi): void;
  /** A kubeconfig for the administrator. */
  kubeconfig(namespace?: string): string;
  /** Ends all connections, watches and controllers, and closes the store. */
  close(): Promise<void>;
}

/** Starts a Kubernetes API server on 127.0.0.1. Rejects where the port is taken or the data cannot be read. */
export async function startApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const clock = options.clock ?? systemClock;
  const storage = openStorage({ dataDir: options.dataDir, now: () => clock.now() });
  bootstrap(storage);
  storage.compact();
  const values: KnobValues = { ...defaultKnobs(), ...options.knobs };
  let kubelet = options.kubelet;
  const registry = createRegistry(storage);
  const api: Api = { storage, registry, clock, namespaceDelay: () => values.namespaceDelayMs };
  const hub = createWatchHub(storage, clock, values);
  const stopControllers = [
    startGarbageCollector(api, clock),
    startNamespaceController(api),
    startCrdController(api),
    startEventExpiry(api),
  ];
  const knobs: Knobs = Object.assign(values, {
    dropWatches: (clean = false) => {
      hub.dropAll(clean);
    },
    expireWatches: () => {
      hub.expireAll();
    },
    killPod: (namespace: string, name: string) => {
      kubelet?.kill?.(namespace, name);
    },
  });
  const context: ServerContext = {
    api,
    hub,
    list: createLister(storage),
    knobs,
    kubelet: () => kubelet,
    users: createUserTable(storage, () => clock.now(), options.token, options.users),
    ...createAuthorizer(storage),
  };
  const attach = createAttachServer(context);
  const sockets = new Set<Socket>();
  const server = createServer({
    cert: options.tls.cert,
    key: options.tls.key,
    keepAliveTimeout: 75_000,
    noDelay: true,
  });
  server.on('request', createHandler(context, knobs));
  // 'connection' too: a client may stall before it is a secure one, and the end must not wait for that
  for (const event of ['connection', 'secureConnection'] as const) {
    server.on(event, (socket: Socket) => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
    });
  }
  server.on('upgrade', (req, socket, head) => {
    // nothing more can be told to a client whose connection broke
    socket.on('error', () => socket.destroy());
    attach.upgrade(req, socket, head);
  });
  // what is no HTTP is told so, and its connection ends; a parse error is the client's
  server.on('clientError', (_error, socket) => {
    if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n');
    else socket.destroy();
  });

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  const url = `https://127.0.0.1:${port}`;
  return {
    url,
    port,
    storage,
    knobs,
    setKubelet(next) {
      kubelet = next;
    },
    kubeconfig: (namespace) =>
      kubeconfig({
        url,
        ca: options.tls.ca ?? options.tls.cert,
        token: options.token,
        ...(namespace === undefined ? {} : { namespace }),
      }),
    async close() {
      for (const stop of stopControllers) stop();
      hub.dropAll(true);
      attach.close();
      const closed = new Promise<void>((resolve) => {
        server.close(() => {
          resolve();
        });
      });
      for (const socket of sockets) socket.destroy();
      await closed;
      storage.close();
    },
  };
}
