/** What the command line takes before it does anything for its user, in turn with a bare Node. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { dirname } from 'node:path';
import { ROOT } from '../../e2e/harness/process.ts';
import type { LocalPart, Order } from './part.ts';

const WARM_UP = 3;
/** bin/oet takes the first Node on the PATH: the one that is also the floor. */
const PATH = `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`;

export const cli: LocalPart = {
  name: 'cli',
  what: 'oet --help, and oet procedure list until its first byte is on the wire',
  run,
};

async function run({ report, n = 25 }: Order): Promise<void> {
  let arrived: () => void = () => undefined;
  const server = createServer((socket) => {
    socket.once('data', () => {
      arrived();
      socket.end(
        'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\nconnection: close\r\n\r\n[]',
      );
    });
    socket.on('error', () => undefined); // a client that has its answer may reset
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  const url = `http://127.0.0.1:${address.port}/ska-oso-oet/oet/api/v7`;

  const [help, list, node]: [number[], number[], number[]] = [[], [], []];
  for (let i = 0; i < n + WARM_UP; i++) {
    const helped = await timed(`${ROOT}bin/oet`, ['--help'], url);
    let sent = NaN;
    const began = performance.now();
    arrived = () => (sent = performance.now() - began);
    await timed(`${ROOT}bin/oet`, ['procedure', 'list'], url);
    const bare = await timed(process.execPath, ['-e', '0'], url);
    if (i < WARM_UP) continue;
    help.push(helped);
    list.push(sent);
    node.push(bare);
  }
  server.close();
  const helped = report.row('oet --help, whole', help, { bar: { stat: 'median', is: '<=', limit: 150 } });
  const listed = report.row('oet procedure list → first byte on the wire', list, {
    bar: { stat: 'median', is: '<=', limit: 350 },
  });
  const bare = report.row('node -e 0', node, { floor: true });
  report.ratio('oet --help to a bare Node, medians', helped.median / bare.median);
  report.ratio('oet procedure list to a bare Node, medians', listed.median / bare.median);
}

/** ms from the spawn to the end. */
async function timed(file: string, args: readonly string[], url: string): Promise<number> {
  const began = performance.now();
  const child = spawn(file, args, {
    env: { ...process.env, NODE_OPTIONS: '', PATH, OET_URL: url },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  child.stdout.resume();
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`${file} ${args.join(' ')} ended with ${String(code)}`);
  return performance.now() - began;
}
