/**
 * A process that appends a transcript to a store, from where the store is, and is killed by the test at any moment.
 * Arguments: location, uid, id, total. It prints a line `high` for each commit that it was told of, and `done` at the end.
 */
import { writeSync } from 'node:fs';
import { openStore } from '../index.ts';
import { PATIENCE_MS } from './patience.ts';
import { identity, transcript } from './transcript.ts';

const [location = '', uid = '', id = '', total = ''] = process.argv.slice(2);
const store = await openStore(location, { busyTimeoutMs: PATIENCE_MS });
await store.openRun(identity(uid, Number(id)));
const entries = transcript(uid, Number(total));
const started = (await store.run(uid))?.high ?? 0;

/** What is printed must be out before a kill, and the pipe may be full: it is non-blocking where the parent made it so. */
function print(text: string): void {
  for (;;) {
    try {
      writeSync(1, text);
      return;
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) throw error;
    }
  }
}

const appends: Promise<void>[] = [];
for (let n = started + 1, step = 1; n <= entries.length; step = (step * 7) % 61) {
  // As a follower after a reconnect does: some of it again, the rest new, more than one batch under way.
  const batch = entries.slice(Math.max(0, n - 1 - (step % 4)), n - 1 + step);
  appends.push(
    store.append(uid, batch, [{ key: `note-${n}`, t: n, k: 'diagnostic', body: { n } }]).then(({ high }) => {
      print(`${high}\n`);
    }),
  );
  n += step;
  if (appends.length >= 3) await appends.shift();
}
await Promise.all(appends);
print('done\n');
await store.close();
