import base from '../../jest.config.mjs';

// Killed processes are for E2E_MODE=process, what only an installed chart has for E2E_MODE=chart.
const otherMode = process.env.E2E_MODE === 'chart' ? 'test/e2e/(faults|node-|postgres|upgrade)' : 'test/e2e/chart';

/** One worker: the suites share a node, and its figures. */
export default {
  ...base,
  rootDir: '../..',
  roots: ['test/e2e'],
  testPathIgnorePatterns: ['/node_modules/', `<rootDir>/${otherMode}`],
  // As the limits within them: what hangs is ended, what is slow is not.
  testTimeout: 900_000,
  maxWorkers: 1,
};
