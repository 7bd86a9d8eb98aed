import type { Clock } from '../clock.ts';
import { groupVersion, type Resource } from '../resources/resource.ts';
import type { Registry } from '../resources/registry.ts';
import type { KubeObject } from '../objects.ts';
import type { Storage } from '../storage.ts';

/** What the verbs need. */
export interface Api {
  storage: Storage;
  registry: Registry;
  clock: Clock;
  /** Milliseconds between the deletion of a namespace and that of its contents. */
  namespaceDelay(): number;
}

/** Options of a write, from the query. */
export interface WriteOptions {
  dryRun: boolean;
  fieldValidation: 'Strict' | 'Warn' | 'Ignore';
  fieldManager: string;
  /** What is wrong with the body's text itself; reported or refused like unknown fields. */
  textWarnings?: string[];
}

/** What a write gives back. */
export interface Written {
  object: KubeObject;
  created: boolean;
  /** Texts for `Warning` headers. */
  warnings: string[];
}

/** A stored object in the version that the resource shows. */
export function shownAs(resource: Resource, object: KubeObject): KubeObject {
  if (resource.convert) return resource.convert.fromStorage(object);
  const apiVersion = groupVersion(resource);
  return object.apiVersion === apiVersion ? object : { ...object, apiVersion };
}

/** The opposite of {@link shownAs}. */
export function storedAs(resource: Resource, object: KubeObject): KubeObject {
  return resource.convert ? resource.convert.toStorage(object) : object;
}
