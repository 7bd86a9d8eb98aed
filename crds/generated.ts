import { join } from 'node:path';
import { dump } from 'js-yaml';
import { format, resolveConfig } from 'prettier';
import { CRD_NAME } from './constants.ts';
import { customResourceDefinition } from './crd.ts';
import { openAPISchemas } from './openapi.ts';
import { referencePage } from './reference.ts';

const NOTE = 'Generated from crds/schema by crds/generate.ts: change it there.';

/** The files that derive from the schema: path from the project's root, and what must stand in it, formatted. */
export async function generated(): Promise<ReadonlyMap<string, string>> {
  const config = await resolveConfig(join(import.meta.dirname, 'generated.ts'));
  const crd = dump(customResourceDefinition(), { lineWidth: -1, noRefs: true });
  const openapi = JSON.stringify({ components: { schemas: openAPISchemas() } });
  return new Map([
    [`crds/${CRD_NAME}.yaml`, await format(`# ${NOTE}\n${crd}`, { ...config, parser: 'yaml' })],
    ['crds/openapi.json', await format(openapi, { ...config, parser: 'json' })],
    ['docs/reference/procedure.md', referencePage()],
  ]);
}
