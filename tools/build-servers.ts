/**
 * Bundles operator and REST API for the image: build/operator.mjs, build/api.mjs, build/journal-worker.js. They need Node, and
 * beside build/ the files that they read: runner/bootstrap.py, runner/dist/runner.py, crds/openapi.json.
 * Run: node tools/build-servers.ts.
 */
import { readFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** Sources that name files by their own place still find them when they are part of a bundle in build/. */
const ownPlaces: Plugin = {
  name: 'own-places',
  setup(bundler) {
    bundler.onLoad({ filter: /[\\/](?:api|operator)[\\/].*\.ts$/ }, async ({ path }) => {
      if (path.includes('node_modules')) return undefined;
      const source = await readFile(path, 'utf8');
      const place = `new URL(${JSON.stringify(`../${relative(root, path)}`)}, import.meta.url).href`;
      return { contents: source.replaceAll('import.meta.url', place), loader: 'ts' };
    });
  },
};

/**
 * Node keeps a module's text in memory, with two bytes for each letter if one of them is not ASCII, as comments have it: the operator's is
 * 3.1 MB so, in place of 8.7. Names stay, and lines that a stack trace can point to; licences go into files beside.
 */
const SLIM = { minifyWhitespace: true, lineLimit: 120, legalComments: 'external' } as const;

await build({
  absWorkingDir: root,
  entryPoints: [
    { in: 'operator/main.ts', out: 'operator' },
    { in: 'api/main.ts', out: 'api' },
  ],
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  ...SLIM,
  outdir: join(root, 'build'),
  outExtension: { '.js': '.mjs' },
  // Packages in CommonJS call require() and name their folder, which an ES module does not have.
  banner: {
    js: [
      "import{createRequire as __oetRequire}from'node:module';",
      'const require=__oetRequire(import.meta.url),__dirname=import.meta.dirname,__filename=import.meta.filename;',
    ].join(''),
  },
  plugins: [ownPlaces],
  logLevel: 'warning',
});

// Under the name that journal/sqlite/client.ts looks for.
await build({
  absWorkingDir: root,
  entryPoints: ['journal/sqlite/worker.ts'],
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  ...SLIM,
  outfile: join(root, 'build/journal-worker.js'),
  logLevel: 'warning',
});
