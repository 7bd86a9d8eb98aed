import { CHART_MODE } from '../e2e/harness/stack.ts';
import type { Report } from './report.ts';
import type { World } from './world.ts';

/** What the port-forward to an installed release adds to every answer, as far as a call that does nothing tells; no row without one. */
export async function forwardFloor({ client }: World, report: Report, n: number): Promise<void> {
  if (!CHART_MODE) return;
  const taken: number[] = [];
  for (let i = 0; i < n; i++) {
    const { sent, answered } = await client.send('GET', '/openapi.json');
    taken.push(answered - sent);
  }
  report.row('GET /openapi.json through the port-forward', taken, { floor: true });
}
