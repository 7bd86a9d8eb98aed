/** The node's own daemons are killed while scripts print, and come back: nothing is lost, nothing runs twice, a stop gets through. */
import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import { onNodeShell, restore, takeDown, type Daemon } from './harness/node.ts';
import { operatorIdles, Procedures, STATES_TO_MAIN } from './harness/procedures.ts';
import { ENDLESS, numbered } from './harness/scripts.ts';
import { startStack, type Stack } from './harness/stack.ts';
import { until } from './harness/until.ts';

let stack: Stack;
let procedures: Procedures;
beforeAll(async () => {
  stack = await startStack();
  procedures = new Procedures(stack);
});
afterAll(async () => {
  await restore();
  await stack.close();
});

const { source: PRINTS, whole: WHOLE } = numbered(5_000, 0.001);
/** An outage has a length; shorter than the lease, so that the operator lives through it. */
const OUTAGE_MS = 2_000;

describe('killed and started again in the middle of the output', () => {
  onNodeShell.each<Daemon>(['containerd', 'kubelet', 'apiserver'])('%s', async (daemon) => {
    const { rest } = stack;
    const [prints, stopped] = [`prints-${daemon}`, `stopped-${daemon}`];
    await procedures.run(stopped, ENDLESS);
    await procedures.printed(stopped, 'up\n');
    await procedures.run(prints, PRINTS);
    await procedures.printed(prints, /^line 200 /m);
    const { id = 0 } = await procedures.status(stopped);

    const start = await takeDown(daemon);
    // Where the lease is lost because the daemon takes long to come back, a deployment would start it again.
    const revived = setInterval(() => void stack.operator.start().catch(() => undefined), 1_000);
    try {
      const down = performance.now();
      // Answered when the script has ended, which is after the outage.
      const asked = rest.stop(id);
      await until('the outage to be over', () => performance.now() - down > OUTAGE_MS);
      await start();

      // Refused while there is no API server: whoever asks again is heard.
      if ((await asked).status !== 200)
        await until('the stop to be accepted', async () => (await rest.stop(id)).status === 200, { everyMs: 200 });
      const { state, reason, message, output } = await procedures.end(stopped);
      expect({ state, reason, message, output }).toMatchObject({ state: 'STOPPED', output: { complete: true } });
      expect(await procedures.end(prints)).toMatchObject({ state: 'COMPLETE', output: { complete: true } });
    } finally {
      clearInterval(revived);
    }
    expect(await procedures.output(stopped)).toBe('up\ncleaned up\n');
    expect(await procedures.output(prints)).toBe(WHOLE);
    const { history } = await procedures.status(prints);
    expect(history?.map(({ state }) => state)).toEqual([...STATES_TO_MAIN, 'READY', 'COMPLETE']);
    await procedures.nothingHangs(prints);
  });
});

onNodeShell('the operator has nothing left to do', () => operatorIdles(stack));
