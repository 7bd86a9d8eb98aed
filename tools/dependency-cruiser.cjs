// The import directions of docs/architecture.md: crds <- kube, journal <- operator, api; the CLI stands alone; nothing imports local/.
const only = (from, allowed) => ({
  name: `${from}-imports`,
  comment: `${from}/ may import only ${allowed.join(', ') || 'itself'}`,
  severity: 'error',
  from: { path: `^${from}/`, pathNot: '\\.test\\.ts$' },
  to: {
    path: '^(crds|kube|journal|operator|api|cli|local|test|tools)/',
    pathNot: `^(${[from, ...allowed].join('|')})/`,
  },
});
module.exports = {
  forbidden: [
    only('crds', []),
    only('journal', []),
    only('kube', ['crds']),
    only('operator', ['crds', 'kube', 'journal']),
    only('api', ['crds', 'kube', 'journal']),
    only('local', ['crds']),
    only('cli', []),
    {
      name: 'cli-is-light',
      comment: 'importing the Kubernetes client or zod costs the CLI its start time',
      severity: 'error',
      from: { path: '^cli/', pathNot: '\\.test\\.ts$' },
      to: { path: 'node_modules/(@kubernetes|zod|undici|pino|express)/' },
    },
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'no-undeclared',
      comment: 'every package is in package.json',
      severity: 'error',
      from: {},
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'unknown'], couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: false,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
    includeOnly: undefined,
  },
};
