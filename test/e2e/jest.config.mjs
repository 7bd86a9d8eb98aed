import base from '../../jest.config.mjs';

/** One worker: the suites share a node, and its figures. */
export default {
  ...base,
  rootDir: '../..',
  roots: ['test/e2e'],
  testPathIgnorePatterns: ['/node_modules/'],
  testTimeout: 120_000,
  maxWorkers: 1,
};
