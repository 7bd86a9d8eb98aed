import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { startHarness } from '../testing/harness.ts';
import type { Harness } from '../testing/harness.ts';

/** What FastAPI 0.165 with pydantic 2.14 answers, for models of upstream's shape with our two more types of script. */
interface Case {
  readonly method: string;
  readonly path: string;
  readonly body: string;
  readonly type: string;
  readonly status: number;
  readonly answer?: unknown;
}
const cases = JSON.parse(
  readFileSync(new URL('../testing/fastapi-answers.json', import.meta.url), 'utf8'),
) as readonly Case[];

describe('requests that do not validate', () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness();
  });
  afterAll(() => harness.close());

  it.each(cases)('$method $path $body ($type)', async ({ method, path, body, type, status, answer }) => {
    const response = await fetch(`${harness.base}${path}`, { method, body, headers: { 'Content-Type': type } });

    if (status >= 300) {
      expect(await response.json()).toEqual(answer);
      expect(response.status).toBe(status);
    } else {
      // Ours may still say that there is no such procedure, or that it cannot be started.
      expect(method === 'POST' ? [201] : [200, 404, 409]).toContain(response.status);
    }
  });
});
