import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import type { ClientConfig } from 'pg';
import { Unusable } from '../errors.ts';

/** Where a database is. */
export interface DatabasePlace {
  readonly config: ClientConfig;
  /** For messages: no password in it. */
  readonly name: string;
}

const PARAMETERS = ['application_name', 'host', 'options', 'sslcert', 'sslkey', 'sslmode', 'sslrootcert'];
/** libpq's `allow` and `prefer` go on without encryption where the server has none: who asks for TLS here gets it, or an error. */
const SSL_MODES = ['disable', 'require', 'verify-ca', 'verify-full'];

/** Whether a location is a database's, and not a file's. */
export function isDatabaseUrl(location: string): boolean {
  return /^postgres(?:ql)?:/i.test(location);
}

/**
 * Reads `postgres://user:password@host:port/database?sslmode=…`, as libpq does. Throws Unusable that names the part that is wrong
 * and never the password: of a URL that does not parse nothing is repeated.
 */
export function databasePlace(location: string): DatabasePlace {
  const url = parsed(location);
  const parameter = (name: string): string | undefined => url.searchParams.get(name) ?? undefined;
  const unknown = [...url.searchParams.keys()].find((name) => !PARAMETERS.includes(name));
  if (unknown !== undefined) throw wrong(`does not know the parameter ${unknown}; there are ${PARAMETERS.join(', ')}`);
  const host = parameter('host') ?? decoded(url.hostname, 'host').replace(/^\[(.+)\]$/, '$1');
  const database = decoded(url.pathname.slice(1), 'database');
  const user = decoded(url.username, 'user');
  if (host === '') throw wrong('has no host');
  if (user === '') throw wrong('has no user');
  if (database === '') throw wrong('has no database: its name comes after the host and a slash');
  const port = url.port === '' ? 5432 : Number(url.port);
  const options = parameter('options');
  return {
    name: `database ${database} at ${host}:${port} as user ${user}`,
    config: {
      ...{ host, port, user, database, password: decoded(url.password, 'password'), ssl: sslOf(parameter) },
      ...(options !== undefined && { options }),
      application_name: parameter('application_name') ?? 'oet',
    },
  };
}

function parsed(location: string): URL {
  try {
    return new URL(location);
  } catch {
    // The error would repeat the text. No cause, for the same reason.
    throw wrong(
      'is none: postgres://user:password@host:port/database, with : / ? # [ ] @ % in user and password percent-encoded',
    );
  }
}

function decoded(text: string, part: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw wrong(`has a ${part} that is not percent-encoded`);
  }
}

function sslOf(parameter: (name: string) => string | undefined): false | ConnectionOptions {
  const mode = parameter('sslmode') ?? 'disable';
  if (!SSL_MODES.includes(mode)) throw wrong(`has sslmode=${mode}; there are ${SSL_MODES.join(', ')}`);
  if (mode === 'disable') return false;
  const [ca, cert, key] = (['sslrootcert', 'sslcert', 'sslkey'] as const).map((name) => fileOf(name, parameter(name)));
  const files = {
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
  };
  if (mode === 'verify-full') return files;
  if (mode === 'require' && ca === undefined) return { ...files, rejectUnauthorized: false };
  return { ...files, checkServerIdentity: () => undefined };
}

function fileOf(name: string, path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw wrong(`has ${name}=${path}, which cannot be read`, cause);
  }
}

function wrong(what: string, cause?: unknown): Unusable {
  return new Unusable(`the database URL ${what}`, ...(cause === undefined ? [] : [{ cause }]));
}
