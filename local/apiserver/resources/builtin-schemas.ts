import { readFileSync } from 'node:fs';
import type { Resolve, Schema } from '../validate/schema.ts';

interface SchemaFile {
  /** `group/version/Kind` → name of a definition */
  kinds: Record<string, string>;
  definitions: Record<string, Schema>;
}

const file = JSON.parse(readFileSync(new URL('./builtin-schemas.json', import.meta.url), 'utf8')) as SchemaFile;

/** The definitions that the built-in kinds are made of, by name. */
export const definitions: Record<string, Schema> = file.definitions;

let texts: Record<string, Record<string, string>> | undefined;

/** What is said of a definition, under '', and of its fields; read when somebody asks, which few do. */
export function textsOf(definition: string): Record<string, string> {
  texts ??= JSON.parse(readFileSync(new URL('./builtin-texts.json', import.meta.url), 'utf8')) as typeof texts;
  return texts?.[definition] ?? {};
}

/** The schema of a built-in kind, as a reference into {@link definitions}. */
export function builtinSchema(group: string, version: string, kind: string): Schema | undefined {
  const name = file.kinds[`${group}/${version}/${kind}`];
  return name === undefined ? undefined : { $ref: name };
}

/** `metadata` of any kind. */
export const objectMetaSchema: Schema = { $ref: 'meta.v1.ObjectMeta' };

/** Follows a `$ref` into {@link definitions}; what stands beside it (a default, a patch strategy) wins. */
export const resolveReference: Resolve = (schema) => {
  const { $ref, ...beside } = schema;
  if ($ref === undefined) return schema;
  const found = definitions[$ref] ?? {};
  return Object.keys(beside).length === 0 ? found : { ...found, ...beside };
};
