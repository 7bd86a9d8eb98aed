import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A port of this machine for one server that goes away and comes back. */
export interface HeldPort {
  readonly port: number;
  /** Gives it back. */
  release(): void;
}

/**
 * A port that nobody else is given while nothing listens there: neither a server that asks for any port, nor a client as its own
 * end. A connection that stays holds it; whoever names the port may listen all the same (SO_REUSEADDR, which Node sets), and
 * without a listener connections are refused as ever.
 */
export async function holdPort(): Promise<HeldPort> {
  const door = createServer().listen(0, '127.0.0.1');
  await once(door, 'listening');
  const { port } = door.address() as AddressInfo;
  const entered = once(door, 'connection') as Promise<[Socket]>;
  const outer = connect(port, '127.0.0.1');
  const [inner] = await entered;
  // What listens is gone with this call; the connection stays.
  door.close();
  for (const socket of [outer, inner]) socket.unref().on('error', () => undefined);
  return {
    port,
    release: () => {
      inner.resetAndDestroy();
      outer.destroy();
    },
  };
}
