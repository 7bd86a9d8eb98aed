import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';

/** Whether 127.0.0.1:port can be listened on now. */
export function isFree(port: number): Promise<boolean> {
  return listen(port).then(
    () => true,
    () => false,
  );
}

/** Below those that systems give to outgoing connections, one of which might have it before the program that it is meant for; above 10080, which browsers and `fetch` refuse. */
const [LOWEST, HIGHEST] = [10_100, 30_000];
const TRIES = 100;

/** A port of 127.0.0.1 that was free a moment ago, and none of those that are `given` away but not yet in use. */
export async function freePort(
  given: readonly number[] = [],
  random: (from: number, to: number) => number = randomInt,
): Promise<number> {
  for (let left = TRIES; left > 0; left--) {
    const port = random(LOWEST, HIGHEST);
    if (!given.includes(port) && (await isFree(port))) return port;
  }
  return listen(0);
}

/** The port to use: the wanted one (which must be free), else the remembered one if it is free, else any that is not `given` away. */
export async function choosePort(
  what: string,
  wanted: number | undefined,
  remembered?: number,
  given: readonly number[] = [],
): Promise<number> {
  if (wanted !== undefined && wanted !== 0) {
    if (await isFree(wanted)) return wanted;
    throw new Error(`port ${wanted} of 127.0.0.1 is taken: choose another with --${what}-port (0 for any)`);
  }
  const keeps = wanted === undefined && remembered !== undefined && !given.includes(remembered);
  return keeps && (await isFree(remembered)) ? remembered : freePort(given);
}

function listen(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      const address = server.address() as AddressInfo;
      server.close(() => {
        resolve(address.port);
      });
    });
  });
}
