import type { StoreOptions } from './options.ts';
import { databasePlace, isDatabaseUrl } from './postgres/location.ts';
import { openStore as openSqlite } from './sqlite/store.ts';
import type { JournalStore } from './types.ts';

/**
 * Opens the journal at a location: `postgres://…` is a PostgreSQL database, anything else a path of a SQLite file. Throws what
 * postgres/store.ts and sqlite/store.ts say.
 */
export async function openStore(location: string, options: StoreOptions = {}): Promise<JournalStore> {
  if (!isDatabaseUrl(location)) return openSqlite(location, options);
  // Loaded where it is needed only: most installs have no database.
  const { openStore: openPostgres } = await import('./postgres/store.ts');
  return openPostgres(location, options);
}

/** What is wrong with a location, as far as its text tells: a sentence without passwords, or undefined. */
export function locationFault(location: string): string | undefined {
  if (!isDatabaseUrl(location)) return undefined;
  try {
    databasePlace(location);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
