import type { StoreOptions } from './options.ts';
import { openStore as openSqlite } from './sqlite/store.ts';
import type { JournalStore } from './types.ts';

/** Opens the journal at a path (SQLite). Throws what sqlite/store.ts says. */
export function openStore(location: string, options: StoreOptions = {}): Promise<JournalStore> {
  return openSqlite(location, options);
}
