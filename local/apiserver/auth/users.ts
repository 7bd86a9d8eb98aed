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
  /** The user of a bearer token that is meant for this server; undefined for any other. */
  find(token: string): User | undefined;
  /** Whose a token is, where it is meant for one of `audiences`; else why nobody's. */
  review(token: string, audiences: readonly string[]): Verdict;
  /** A token for a service account that is there. Seconds until it ends. */
  issue(account: Account, seconds: number, audiences: readonly string[]): string;
}

/** What is known of a token. */
export type Verdict = { user: User; audiences: string[] } | { user?: never; error: string };

/** A service account. */
interface Account {
  namespace: string;
  name: string;
  uid: string;
}

/** A token that is what it says it is. */
interface Known {
  user: User;
  audiences: string[];
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
  const recent = new Map<string, { known: Known; until: number }>();
  const key = digest(`service accounts ${token}`);
  const sign = (text: string): string => createHmac('sha256', key).update(text).digest('base64url');

  function serviceAccount(given: string): Known | undefined {
    const [header = '', payload = '', signature = ''] = given.split('.');
    const expected = Buffer.from(sign(`${header}.${payload}`));
    const actual = Buffer.from(signature);
    if (expected.length !== actual.length || !timingSafeEqual(expected, actual)) return undefined;
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as Record<string, unknown>;
    const account = isObject(claims['account']) ? claims['account'] : {};
    const { namespace, name, uid } = account as unknown as Account;
    if (Number(claims['exp']) * 1000 < now()) return undefined;
    if (storage.get('serviceaccounts', namespace, name)?.metadata.uid !== uid) return undefined;
    const user = {
      username: `system:serviceaccount:${namespace}:${name}`,
      uid,
      groups: [...serviceAccountGroups(namespace), 'system:authenticated'],
    };
    return { user, audiences: claims['aud'] as string[] };
  }

  /** A real server asks again after ten seconds only: a token outlives its account by that. */
  function remembered(given: string): Known | undefined {
    const entry = recent.get(given);
    if (entry && entry.until > now()) return entry.known;
    const known = serviceAccount(given);
    if (known) recent.set(given, { known, until: now() + CACHE_MS });
    else recent.delete(given);
    if (recent.size > MOST_CACHED) recent.clear();
    return known;
  }

  function review(given: string, audiences: readonly string[]): Verdict {
    const hash = digest(given);
    let found: User | undefined;
    // all are compared, so that the time tells nothing
    for (const [each, user] of users) if (timingSafeEqual(each, hash)) found = user;
    const known = found ? { user: found, audiences: [AUDIENCE] } : remembered(given);
    if (!known) return { error: '[invalid bearer token, Token has been invalidated]' };
    const common = known.audiences.filter((each) => audiences.includes(each));
    if (common.length > 0) return { user: known.user, audiences: common };
    const list = (values: readonly string[]): string => `[${values.map((each) => JSON.stringify(each)).join(' ')}]`;
    return {
      error: `[invalid bearer token, token audiences ${list(known.audiences)} is invalid for the target audiences ${list(audiences)}]`,
    };
  }

  return {
    find: (given) => review(given, [AUDIENCE]).user,
    review,
    issue(account, seconds, audiences) {
      const iat = Math.floor(now() / 1000);
      const sub = `system:serviceaccount:${account.namespace}:${account.name}`;
      const unsigned = `${base64({ alg: 'HS256', typ: 'JWT' })}.${base64({ iss: AUDIENCE, aud: audiences, sub, iat, exp: iat + seconds, account })}`;
      return `${unsigned}.${sign(unsigned)}`;
    },
  };
}

/** The bearer token of an `Authorization` header. */
export function bearerToken(header: string | undefined): string | undefined {
  return /^Bearer\s+(\S+)\s*$/i.exec(header ?? '')?.[1];
}
