/** Tests lie beside the code as x.test.ts; test/e2e and test/bench have configurations of their own. */
export default {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  roots: ['crds', 'kube', 'journal', 'operator', 'api', 'cli', 'local', 'test', 'tools'],
  testMatch: ['**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/', '<rootDir>/test/e2e/', '<rootDir>/test/bench/'],
  // A bound for what hangs; nothing is measured by it, and these machines are shared.
  testTimeout: 30_000,
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { target: 'es2024', parser: { syntax: 'typescript' } }, module: { type: 'es6' } },
    ],
  },
};
