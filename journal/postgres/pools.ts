import { Buffer } from 'node:buffer';
import { Pool, TypeOverrides, types } from 'pg';
import type { ClientConfig, PoolConfig } from 'pg';
import type { Logger } from '../options.ts';

/** Connections of a process: reads, commits, and one more that listens. */
export const MAX_READERS = 6;
/** Milliseconds: to connect, for a statement on the server, and until its answer is given up (the network may be gone). */
const CONNECT = 5000;
const STATEMENT = 30_000;
const ANSWER = 35_000;
/** Milliseconds before the first look whether a silent connection still stands. */
const KEEP_ALIVE = 10_000;

/** Ids, times and sizes stay below 2^53. */
const parsers = new TypeOverrides();
parsers.setTypeParser(types.builtins.INT8, Number);
parsers.setTypeParser(types.builtins.BYTEA, (text: string) => Buffer.from(text.slice(2), 'hex'));

/** What every connection of ours is made with. */
export function connectionConfig(config: ClientConfig): ClientConfig {
  return {
    ...config,
    types: parsers,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE,
    connectionTimeoutMillis: CONNECT,
    statement_timeout: STATEMENT,
    query_timeout: ANSWER,
  };
}

/** A pool. Connections that break while nobody uses them are replaced at the next use. */
export function poolOf(config: ClientConfig, max: number, logger: Logger | undefined): Pool {
  const options: PoolConfig = { ...connectionConfig(config), max, idleTimeoutMillis: 60_000 };
  const pool = new Pool(options);
  pool.on('error', (error) => logger?.warn({ err: error }, 'an idle connection to the database broke'));
  return pool;
}
