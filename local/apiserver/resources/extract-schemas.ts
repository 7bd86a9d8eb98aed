/**
 * Makes builtin-schemas.json and builtin-texts.json from a real server's OpenAPI documents:
 * `for p in api/v1 apis/events.k8s.io/v1 …; do kubectl get --raw /openapi/v3/$p > $(mktemp -p docs); done;
 * node extract-schemas.ts docs/* > builtin-schemas.json; node extract-schemas.ts --texts docs/* > builtin-texts.json`
 */
import { readFileSync } from 'node:fs';
import type { Schema } from '../validate/schema.ts';

const KINDS = new Set(
  `Namespace Node Pod Event ConfigMap Secret ServiceAccount Service PersistentVolumeClaim ResourceQuota Binding Lease
   CustomResourceDefinition NetworkPolicy PodDisruptionBudget Eviction Role RoleBinding ClusterRole ClusterRoleBinding
   TokenReview SelfSubjectReview SubjectAccessReview SelfSubjectAccessReview SelfSubjectRulesReview
   LocalSubjectAccessReview LimitRange`.split(/\s+/),
);

const KEPT = [
  'type',
  'format',
  'enum',
  'default',
  'required',
  'x-kubernetes-int-or-string',
  'x-kubernetes-list-map-keys',
  'x-kubernetes-list-type',
  'x-kubernetes-map-type',
  'x-kubernetes-patch-merge-key',
  'x-kubernetes-patch-strategy',
  'x-kubernetes-preserve-unknown-fields',
] as const;

/** What builtin-schemas.json holds. */
interface Extract {
  /** `group/version/Kind` → name of a definition */
  kinds: Record<string, string>;
  definitions: Record<string, Schema>;
}

/** The schemas of {@link KINDS} and all that they refer to, reduced to what the server acts on. Throws for a missing one. */
export function extractSchemas(source: Record<string, Schema>): Extract {
  const definitions: Record<string, Schema> = {};
  const kinds: Record<string, string> = {};

  function define(name: string): void {
    const short = shortName(name);
    if (definitions[short] !== undefined) return;
    const schema = source[name];
    if (!schema) throw new Error(`no schema ${name}`);
    definitions[short] = {};
    definitions[short] = reduce(schema, define);
  }

  for (const [name, schema] of Object.entries(source)) {
    for (const { group, version, kind } of schema['x-kubernetes-group-version-kind'] ?? []) {
      if (!KINDS.has(kind) || version !== 'v1') continue;
      define(name);
      kinds[`${group}/${version}/${kind}`] = shortName(name);
    }
  }
  return { kinds, definitions };
}

/** What `kubectl explain` says of each definition, under '', and of its fields. */
export function extractTexts(
  source: Record<string, Schema>,
  definitions: Record<string, Schema>,
): Record<string, Record<string, string>> {
  const texts: Record<string, Record<string, string>> = {};
  for (const [name, { description, properties = {} }] of Object.entries(source)) {
    const short = shortName(name);
    if (definitions[short] === undefined) continue;
    const entries = [['', description], ...Object.entries(properties).map(([key, each]) => [key, each.description])];
    texts[short] = Object.fromEntries(entries.filter(([, text]) => text !== undefined)) as Record<string, string>;
  }
  return texts;
}

function shortName(reference: string): string {
  return reference
    .replace(/^.*\//, '')
    .replace(/^io\.k8s\.(api|apimachinery\.pkg\.apis|apiextensions-apiserver\.pkg\.apis)\./, '');
}

function reduce(schema: Schema, define: (name: string) => void): Schema {
  const reference = schema.$ref ?? (schema.allOf?.length === 1 ? schema.allOf[0]?.$ref : undefined);
  const reduced: Schema = {};
  for (const key of KEPT) if (schema[key] !== undefined) Object.assign(reduced, { [key]: schema[key] });
  if (reduced.enum?.includes('OnFailure')) reduced.enum = ['Always', 'OnFailure', 'Never']; // as refusals list them
  if (reference !== undefined) {
    define(reference.replace(/^.*\//, ''));
    reduced.$ref = shortName(reference);
  }
  // Go's zero values are no defaults
  if (['{}', '""', '0', 'false'].includes(JSON.stringify(reduced.default))) delete reduced.default;
  if (schema.oneOf) reduced['x-kubernetes-int-or-string'] = true;
  if (schema.items) reduced.items = reduce(schema.items, define);
  if (typeof schema.additionalProperties === 'object') {
    reduced.additionalProperties = reduce(schema.additionalProperties, define);
  }
  if (schema.properties) {
    reduced.properties = Object.fromEntries(
      Object.entries(schema.properties).map(([key, each]) => [key, reduce(each, define)]),
    );
  }
  // FieldsV1 and the like: an object of anything
  if (reduced.type === 'object' && !reduced.properties && !reduced.additionalProperties) {
    reduced['x-kubernetes-preserve-unknown-fields'] = true;
  }
  return reduced;
}

if (import.meta.filename === process.argv[1]) {
  const source: Record<string, Schema> = {};
  const [first, ...rest] = process.argv.slice(2);
  const wantsTexts = first === '--texts';
  for (const file of wantsTexts ? rest : [first ?? '', ...rest]) {
    const document = JSON.parse(readFileSync(file, 'utf8')) as { components?: { schemas?: Record<string, Schema> } };
    Object.assign(source, document.components?.schemas);
  }
  const extract = extractSchemas(source);
  const result = wantsTexts ? extractTexts(source, extract.definitions) : extract;
  process.stdout.write(`${JSON.stringify(result, null, 1)}\n`);
}
