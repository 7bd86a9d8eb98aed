/** Random histories of one procedure against the operator's real code in a simulated cluster: `main` never twice. */
import fc from 'fast-check';
import { anySchedule, live } from '../../../operator/testing/schedules.ts';
import type { LocalPart, Order } from './part.ts';

const SCHEDULES = 10_000;

export const schedules: LocalPart = {
  name: 'schedules',
  long: true,
  what: `${SCHEDULES} random schedules of faults, kills, stops and deletions, simulated: how often main runs`,
  run,
};

async function run({ report, n = SCHEDULES }: Order): Promise<void> {
  const mains: number[] = [];
  const ends = new Map<string, number>();
  const took: number[] = [];
  for (const schedule of fc.sample(anySchedule, n)) {
    const began = performance.now();
    const { mains: ran, state = 'deleted' } = await live(schedule);
    took.push(performance.now() - began);
    mains.push(ran);
    ends.set(state, (ends.get(state) ?? 0) + 1);
    if (ran > 1) throw new Error(`main ran ${ran} times: ${JSON.stringify(schedule)}`);
  }
  report.row('runs of main per schedule', mains, { unit: 'runs', bar: { stat: 'most', is: '<=', limit: 1 } });
  report.row('a schedule takes', took);
  report.note(`ended as ${[...ends].map(([state, count]) => `${state} ${count}`).join(', ')}`);
  report.note(`${(took.reduce((sum, ms) => sum + ms, 0) / 1000).toFixed(0)} s in all`);
}
