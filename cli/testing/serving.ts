import { afterEach, beforeEach } from '@jest/globals';
import { FakeServer } from './fake-server.ts';
import { Terminal } from './terminal.ts';

/** What a test of a command has: an API of its own, and a terminal that talks to it. */
export interface Serving {
  readonly server: FakeServer;
  readonly terminal: Terminal;
}

/** Gives each test of the file both, and takes them away after it; whatever still runs is interrupted. */
export function serving(give: (each: Serving) => void): void {
  let each: Serving;
  beforeEach(async () => {
    const server = await FakeServer.listen();
    each = { server, terminal: new Terminal(server.url) };
    give(each);
  });
  afterEach(async () => {
    each.terminal.interrupt.abort();
    await each.server.end();
  });
}
