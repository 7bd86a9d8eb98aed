/** Ports for what a suite starts: a suite beside it gets others, and so does the product where it looks for one itself. */
import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { isFree } from '../../../local/supervisor/ports.ts';

/** Below those that the product chooses by itself and those of outgoing connections; no client refuses one of them. */
const [LOWEST, HIGHEST] = [7_000, 10_000];
const TRIES = 1_000;

/**
 * A port of 127.0.0.1 that nothing listens on. It is ours until this process ends, also between the end of a server and its next
 * start: the datagram socket of its number stays bound, for a mark that other suites see.
 */
export async function freePort(): Promise<number> {
  for (let left = TRIES; left > 0; left--) {
    const port = randomInt(LOWEST, HIGHEST);
    const mark = createSocket('udp4');
    try {
      mark.bind({ address: '127.0.0.1', port, exclusive: true });
      await once(mark, 'listening');
    } catch {
      continue; // somebody else's; a socket that could not be bound holds nothing
    }
    mark.unref();
    if (await isFree(port)) return port;
    mark.close();
  }
  throw new Error(`no port from ${LOWEST} to ${HIGHEST} of 127.0.0.1 was free in ${TRIES} tries`);
}
