import type { KubeObject } from '../objects.ts';
import type { FieldReader } from '../selectors.ts';
import type { Column } from '../tables/columns.ts';
import type { FieldError } from '../errors.ts';
import type { Schema } from '../validate/schema.ts';

/** The CEL rules of a custom resource, compiled. */
type RuleCheck = (object: KubeObject, oldObject: KubeObject | undefined) => FieldError[];

/** One resource in one version, as discovery tells it and as requests are handled. */
export interface Resource {
  group: string;
  version: string;
  plural: string;
  singular: string;
  kind: string;
  listKind: string;
  namespaced: boolean;
  shortNames: string[];
  categories: string[];
  verbs: string[];
  /** The key in the store. */
  gvr: string;
  /** `/status` is a subresource of its own: the main path does not write status, and it writes nothing else. */
  hasStatus: boolean;
  /** `metadata.generation` counts changes outside metadata and status. */
  hasGeneration: boolean;
  subresources: Subresource[];
  /** What `fieldSelector` may name, apart from metadata.name and metadata.namespace. */
  fields: Record<string, FieldReader>;
  columns: Column[];
  /** Shape of the object; absent where nothing is known about it. */
  schema?: Schema;
  /** True for kinds that a CustomResourceDefinition declares: defaults, pruning and validation go by its schema. */
  custom: boolean;
  rules?: RuleCheck;
  /** Between what is stored and what this version shows. */
  convert?: { toStorage(object: KubeObject): KubeObject; fromStorage(object: KubeObject): KubeObject };
}

/** A subresource as discovery tells it. */
export interface Subresource {
  name: string;
  kind: string;
  group?: string;
  version?: string;
  verbs: string[];
}

/** `v1`, `oet.skao.int/v1alpha1` */
export function groupVersion(resource: { group: string; version: string }): string {
  return resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;
}

/** What is said of a field that the resource cannot be selected by; kinds without fields of their own say more. */
export function fieldRefusal(resource: Resource): ((field: string) => string) | undefined {
  if (resource.custom || Object.keys(resource.fields).length > 0) return undefined;
  return (field) =>
    `${JSON.stringify(field)} is not a known field selector: only "metadata.name", "metadata.namespace"`;
}

/** The fields that every resource can be selected by. */
export function selectableFields(resource: Resource): Record<string, FieldReader> {
  return {
    'metadata.name': (object) => object.metadata.name,
    ...(resource.namespaced ? { 'metadata.namespace': (object: KubeObject) => object.metadata.namespace ?? '' } : {}),
    ...resource.fields,
  };
}
