/** Tests lie beside the code as x.test.ts; test/e2e and test/bench have configurations of their own. */
export default {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  roots: ['crds', 'kube', 'journal', 'operator', 'api', 'cli', 'local', 'test', 'tools'],
  testMatch: ['**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/', '<rootDir>/test/e2e/', '<rootDir>/test/bench/'],
  // A bound for what hangs; nothing is measured by it, and these machines are shared.
  testTimeout: 180_000,
  // A test that failed half-way may leave something open: CI is to tell of the failure, and not to wait for that.
  forceExit: process.env.CI === 'true',
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { target: 'es2024', parser: { syntax: 'typescript' } }, module: { type: 'es6' } },
    ],
  },
};
