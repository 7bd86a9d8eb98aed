import { expect, test } from '@jest/globals';
import { fakeClock, startTestServer } from '../testing.ts';

const NAMESPACES = '/api/v1/namespaces';

test('bookmarks come each minute to those that want them, with the present version', async () => {
  const clock = fakeClock();
  const api = await startTestServer({ clock });
  const from = api.server.storage.resourceVersion;
  const watch = await api.watch(
    `${NAMESPACES}?watch=1&allowWatchBookmarks=true&resourceVersion=${from}&labelSelector=none`,
  );
  await api.call('POST', NAMESPACES, { metadata: { name: 'x' } });
  clock.advance(59_000);
  clock.advance(1000);
  const bookmark = await watch.next();

  expect(bookmark.type).toBe('BOOKMARK');
  expect(bookmark.object.metadata.resourceVersion).toBe(String(api.server.storage.resourceVersion));
  expect(api.server.storage.resourceVersion).toBeGreaterThan(from);
  watch.close();
  await api.close();
});

test('events come late when they are told to, and in order', async () => {
  const clock = fakeClock();
  const api = await startTestServer({ clock, knobs: { watchDelayMs: 5000 } });
  const watch = await api.watch(`${NAMESPACES}?watch=1&resourceVersion=${api.server.storage.resourceVersion}`);
  for (const name of ['x', 'y']) await api.call('POST', NAMESPACES, { metadata: { name } });
  let isThere = false;
  const first = watch.next().finally(() => {
    isThere = true;
  });
  await api.call('GET', NAMESPACES);
  expect(isThere).toBe(false);
  clock.advance(5000);

  expect(await first).toMatchObject({ type: 'ADDED', object: { metadata: { name: 'x' } } });
  expect(await watch.next()).toMatchObject({ type: 'ADDED', object: { metadata: { name: 'y' } } });
  watch.close();
  await api.close();
});

test('a table watch names its columns once', async () => {
  const api = await startTestServer();
  const watch = await api.watch(`${NAMESPACES}?watch=1`, { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' });
  const events = [await watch.next(), await watch.next()];

  expect(events.map((each) => each.object['columnDefinitions'] === null)).toEqual([false, true]);
  expect(events[0]?.object['rows']).toMatchObject([{ cells: ['default', 'Active', expect.any(String)] }]);
  watch.close();
  await api.close();
});
