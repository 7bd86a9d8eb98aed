import { createHash, timingSafeEqual } from 'node:crypto';

/** Who a token belongs to. */
export interface User {
  username: string;
  uid?: string;
  groups: string[];
}

/** The user of the kubeconfig, who may do everything. */
export const ADMINISTRATOR: User = {
  username: 'oet-local-admin',
  groups: ['system:masters', 'system:authenticated'],
};

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** Finds users by bearer token, in a time that does not depend on the token. */
export function createUserTable(token: string, others: Record<string, User> = {}): (token: string) => User | undefined {
  const users = [[token, ADMINISTRATOR] as const, ...Object.entries(others)].map(
    ([key, user]) => [digest(key), user] as const,
  );
  return (given) => {
    const hash = digest(given);
    let found: User | undefined;
    for (const [key, user] of users) if (timingSafeEqual(key, hash)) found = user;
    return found;
  };
}

/** The bearer token of an `Authorization` header. */
export function bearerToken(header: string | undefined): string | undefined {
  return /^Bearer\s+(\S+)\s*$/i.exec(header ?? '')?.[1];
}
