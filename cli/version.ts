import { readFileSync } from 'node:fs';

/** Put in by the bundler; not there when the sources run as they are. */
declare const OET_VERSION: string | undefined;

function readVersion(): string {
  if (typeof OET_VERSION === 'string') return OET_VERSION;
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

/** The version of the package. */
export const VERSION: string = readVersion();
