/** A million numbered lines while operator, API and database are killed again and again and the node rotates the log: byte for byte. */
import { createHash, type Hash } from 'node:crypto';
import { PostgresServer } from '../../../journal/testing/postgres-server.ts';
import { startStack, type Stack } from '../../e2e/harness/stack.ts';
import { until } from '../../e2e/harness/until.ts';
import { wall } from '../clock.ts';
import type { ClusterPart, Order } from './part.ts';

const LINES = 1_000_000;
const BLOCK = 10_000;
const PAUSE_S = 0.6;
/** Of a container's log, after a block: what the node has to serve. */
const FILL = 'x'.repeat(40);
const SOURCE = `
import time
def main():
    for first in range(0, ${LINES}, ${BLOCK}):
        for i in range(first, first + ${BLOCK}):
            print("%07d ${FILL}" % i)
        time.sleep(${PAUSE_S})
`;
const BYTES = LINES * (7 + 1 + FILL.length + 1);

export const lines: ClusterPart = {
  name: 'lines',
  long: true,
  what: `${LINES} numbered lines under kills of operator, API and store, and log rotation: byte for byte`,
  runOn: (_world, order) => run(order),
};

/** Each with a product of its own on the world's cluster: what is killed here nobody else misses. */
async function run({ report, n = 1 }: Order): Promise<void> {
  for (let i = 0; i < n; i++) {
    const file = await startStack();
    try {
      await printed(report, file, 'a file', [
        ['operator', () => restart(file.operator)],
        ['API', () => restart(file.api)],
      ]);
    } finally {
      await file.close();
    }
    const server = await PostgresServer.create();
    const stack = await startStack({ OET_STORE: await server.createDatabase() });
    try {
      await printed(report, stack, 'PostgreSQL', [
        ['operator', () => restart(stack.operator)],
        ['API', () => restart(stack.api)],
        ['database', () => restart(server)],
      ]);
    } finally {
      await stack.close();
      await server.remove();
    }
  }
}

interface Killable {
  readonly kill: () => Promise<void>;
  readonly start: () => Promise<void>;
}

async function restart(part: Killable): Promise<void> {
  await part.kill(); // SIGKILL
  await part.start();
}

async function printed(
  report: Order['report'],
  stack: Stack,
  store: string,
  victims: readonly (readonly [string, () => Promise<void>])[],
): Promise<void> {
  const { rest, oet } = stack;
  const id = await rest.create(SOURCE);
  await rest.state(id, 'READY');
  const followed = oet(['procedure', 'logs', String(id), '--follow']);
  await rest.start(id);
  const began = wall();
  const over = ended(stack, id).then(
    () => undefined,
    (error: unknown) => error,
  );
  const isOver = over.then(() => true);
  const kills = new Map<string, number>();
  const rotations = new Rotations(stack, id);
  for (let i = 0; !(await Promise.race([isOver, pause(500 + Math.random() * 1_500)])); i++) {
    await rotations.look();
    const [name, strike] = victims[i % victims.length] ?? ['', () => Promise.resolve()];
    await strike();
    kills.set(name, (kills.get(name) ?? 0) + 1);
  }
  const failure = await over;
  if (failure !== undefined) throw failure as Error;
  const lasted = wall() - began;

  const wanted = expected();
  const { history } = await rest.get(id);
  const runs = history.process_states.filter(([state]) => state === 'RUNNING').length;
  if (runs !== 1) throw new Error(`RUNNING ${runs} times`);
  const asked = await rest.output(id);
  const { stdout, code } = await followed;
  for (const [how, text] of [
    ['asked for afterwards', asked],
    ['followed', stdout],
  ] as const) {
    if (digest(createHash('sha256').update(text)) !== wanted)
      throw new Error(`the output ${how} is not what was printed: ${text.length} of ${BYTES} bytes`);
  }
  if (code !== 0) throw new Error(`oet procedure logs ended with ${String(code)}`);
  report.row(`${LINES} lines into ${store}, started → COMPLETE`, [lasted / 1000], { unit: 's' });
  const killed = [...kills].map(([name, count]) => `${name} ${count} times`).join(', ');
  report.note(
    `byte for byte, asked for afterwards and followed by the CLI throughout (${(BYTES / 1e6).toFixed(0)} MB); killed: ${killed}; log rotated ${rotations.seen} times or more`,
  );
}

/** Asks through all the API's absences. */
function ended({ rest }: Stack, id: number): Promise<unknown> {
  return until(
    `the end of procedure ${id}`,
    async () => {
      const summary = await rest.get(id).catch(() => undefined);
      if (summary && ['FAILED', 'STOPPED', 'UNKNOWN'].includes(summary.state)) throw new Error(JSON.stringify(summary));
      return summary?.state === 'COMPLETE';
    },
    { withinMs: 600_000, everyMs: 250 },
  );
}

function pause(ms: number): Promise<false> {
  return new Promise((resolve) => setTimeout(() => resolve(false), ms));
}

function digest(hash: Hash): string {
  return hash.digest('hex');
}

function expected(): string {
  const hash = createHash('sha256');
  for (let first = 0; first < LINES; first += BLOCK)
    hash.update(Array.from({ length: BLOCK }, (_, i) => `${String(first + i).padStart(7, '0')} ${FILL}\n`).join(''));
  return digest(hash);
}

/** Counts rotations by the first entry that the node still serves. */
class Rotations {
  seen = 0;
  readonly #stack: Stack;
  readonly #id: number;
  #first = 1;

  constructor(stack: Stack, id: number) {
    this.#stack = stack;
    this.#id = id;
  }

  async look(): Promise<void> {
    const { stdout } = await this.#stack.kubectl([
      ...['logs', '-l', `oet.skao.int/id=${this.#id}`, '--tail=-1', '--limit-bytes=200'],
    ]);
    const first = Number(/^\{"n":(\d+)/.exec(stdout)?.[1] ?? NaN);
    if (!(first > this.#first)) return;
    this.#first = first;
    this.seen++;
  }
}
