import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeStore } from '../conformance.ts';
import { PATIENCE_MS } from '../testing/patience.ts';
import { openStore } from './store.ts';

describeStore('the SQLite store', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'journal-'));
  const location = join(folder, 'journal.db');
  return {
    location,
    open: (options) => openStore(location, { busyTimeoutMs: PATIENCE_MS, ...options }),
    remove: () => rm(folder, { recursive: true }),
  };
});
