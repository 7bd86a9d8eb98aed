import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { isObject } from '../objects.ts';
import type { Storage } from '../storage.ts';

/** Who a token belongs to. */
export interface User {
  username: string;
  uid?: string;
  groups: string[];
  /** What an impersonation says beside. */
  extra?: Record<string, string[]>;
}

/** The group that may do everything. */
export const MASTERS = 'system:masters';

/** What tokens are for, unless a request names something else. */
export const AUDIENCE = 'https://kubernetes.default.svc';

/** The groups that every service account of a namespace is in. */
export const serviceAccountGroups = (namespace: string): string[] => [
  'system:serviceaccounts',
  `system:serviceaccounts:${namespace}`,
];

const CACHE_MS = 10_000;
const MOST_CACHED = 1000;

const ADMINISTRATOR: User = { username: 'oet-local-admin', groups: [MASTERS, 'system:authenticated'] };

/** Tokens and those who have them. */
export interface UserTable {
  /** The user of a bearer token; undefined for a token that is unknown, forged, too old, or of an account that has gone. */
  find(token: string): User | undefined;
  /** A token for a service account that is there. Seconds until it ends. */
  issue(account: { namespace: string; name: string; uid: string }, seconds: number): string;
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function base64(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

/** Users by bearer token: the administrator, `others`, and service accounts, whose tokens are signed and hold over restarts. */
export function createUserTable(
  storage: Storage,
  now: () => number,
  token: string,
  others: Record<string, User> = {},
): UserTable {
  const users = [[token, ADMINISTRATOR] as const, ...Object.entries(others)].map(
    ([key, user]) => [digest(key), user] as const,
  );
  const recent = new Map<string, { user: User; until: number }>();
  const key = digest(`service accounts ${token}`);
  const sign = (text: string): string => createHmac('sha256', key).update(text).digest('base64url');

  function serviceAccount(given: string): User | undefined {
    const [header = '', payload = '', signature = ''] = given.split('.');
    const expected = Buffer.from(sign(`${header}.${payload}`));
    const actual = Buffer.from(signature);
    if (expected.length !== actual.length || !timingSafeEqual(expected, actual)) return undefined;
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as Record<string, unknown>;
    const account = isObject(claims['account']) ? claims['account'] : {};
    const { namespace, name, uid } = account as { namespace: string; name: string; uid: string };
    if (Number(claims['exp']) * 1000 < now()) return undefined;
    if (storage.get('serviceaccounts', namespace, name)?.metadata.uid !== uid) return undefined;
    return {
      username: `system:serviceaccount:${namespace}:${name}`,
      uid,
      groups: [...serviceAccountGroups(namespace), 'system:authenticated'],
    };
  }

  /** A real server asks again after ten seconds only: a token outlives its account by that. */
  function remembered(given: string): User | undefined {
    const known = recent.get(given);
    if (known && known.until > now()) return known.user;
    const user = serviceAccount(given);
    if (user) recent.set(given, { user, until: now() + CACHE_MS });
    else recent.delete(given);
    if (recent.size > MOST_CACHED) recent.clear();
    return user;
  }

  return {
    find(given) {
      const hash = digest(given);
      let found: User | undefined;
      // all are compared, so that the time tells nothing
      for (const [each, user] of users) if (timingSafeEqual(each, hash)) found = user;
      return found ?? remembered(given);
    },
    issue(account, seconds) {
      const iat = Math.floor(now() / 1000);
      const sub = `system:serviceaccount:${account.namespace}:${account.name}`;
      const unsigned = `${base64({ alg: 'HS256', typ: 'JWT' })}.${base64({ iss: AUDIENCE, aud: [AUDIENCE], sub, iat, exp: iat + seconds, account })}`;
      return `${unsigned}.${sign(unsigned)}`;
    },
  };
}

/** The bearer token of an `Authorization` header. */
export function bearerToken(header: string | undefined): string | undefined {
  return /^Bearer\s+(\S+)\s*$/i.exec(header ?? '')?.[1];
}
