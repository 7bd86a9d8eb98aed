import { expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { starting } from './starting.ts';

it.each([
  ['/healthz', 200, { status: 'ok' }],
  ['/readyz', 503, { detail: expect.stringContaining('store is not open') }],
  ['/ska-oso-oet/oet/api/v7/procedures', 503, { detail: expect.stringContaining('starting') }],
])('%s is %d while the store is not open', async (path, status, body) => {
  const server = createServer(starting).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`);

  expect(response.status).toBe(status);
  expect(await response.json()).toEqual(body);
  server.close();
});
