import { describeStore } from '../conformance.ts';
import { PATIENCE_MS } from '../testing/patience.ts';
import { PostgresServer } from '../testing/postgres-server.ts';
import { openStore } from './store.ts';

describeStore('the PostgreSQL store', async () => {
  const server = await PostgresServer.create();
  const location = await server.createDatabase();
  return {
    location,
    open: (options) => openStore(location, { busyTimeoutMs: PATIENCE_MS, ...options }),
    remove: () => server.remove(),
  };
});
