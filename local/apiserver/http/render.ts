import { jsonText } from '../json.ts';
import type { KubeObject } from '../objects.ts';
import { groupVersion, type Resource } from '../resources/resource.ts';
import { shownAs } from '../rest/api.ts';
import type { Storage } from '../storage.ts';
import { renderRow, renderTable, type IncludeObject } from '../tables/render.ts';
import type { Page } from './list.ts';
import type { Wanted } from './negotiate.ts';

/** One object as JSON text, in the form that was asked for. */
export function objectText(
  storage: Storage,
  resource: Resource,
  object: KubeObject,
  wanted: Wanted,
  query: URLSearchParams,
  now: number,
): string {
  if (wanted.as === 'Table') {
    const rows = [renderRow(resource.columns, object, includeOf(query), now)];
    return jsonText(
      renderTable(resource.columns, rows, { resourceVersion: object.metadata.resourceVersion ?? '' }, wanted.version),
    );
  }
  if (wanted.as === 'PartialObjectMetadata') return jsonText(partial(object));
  return storage.json(object);
}

/** A list as JSON text; objects are not serialised again. */
export function listText(
  storage: Storage,
  resource: Resource,
  page: Page,
  wanted: Wanted,
  query: URLSearchParams,
  now: number,
): string {
  const metadata = {
    resourceVersion: page.resourceVersion,
    ...(page.continueToken === undefined ? {} : { continue: page.continueToken, remainingItemCount: page.remaining }),
    ...(resource.custom && page.continueToken === undefined ? { continue: '' } : {}),
  };
  if (wanted.as === 'Table') {
    const rows = page.objects.map((each) => renderRow(resource.columns, each, includeOf(query), now));
    return jsonText(renderTable(resource.columns, rows, metadata, wanted.version));
  }
  if (wanted.as === 'PartialObjectMetadataList') {
    const items = page.objects.map(partial);
    return jsonText({ kind: 'PartialObjectMetadataList', apiVersion: 'meta.k8s.io/v1', metadata, items });
  }
  const head = jsonText({ kind: resource.listKind, apiVersion: groupVersion(resource), metadata });
  const texts = page.objects.map((each) => itemText(storage, resource, shownAs(resource, each))).join(',');
  return `${head.slice(0, -1)},"items":[${texts}]}`;
}

const items = new WeakMap<KubeObject, string>();

/** An item of a list: those of built-in kinds have no kind and version of their own. Made once per object. */
function itemText(storage: Storage, resource: Resource, object: KubeObject): string {
  if (resource.custom) return storage.json(object);
  let text = items.get(object);
  if (text === undefined) {
    const { kind: _kind, apiVersion: _version, ...rest } = object;
    items.set(object, (text = jsonText(rest)));
  }
  return text;
}

/** How a watch writes the objects of its events; undefined for whole objects. */
export function watchRenderer(
  resource: Resource,
  wanted: Wanted,
  query: URLSearchParams,
  now: () => number,
): ((object: KubeObject, isFirst: boolean) => unknown) | undefined {
  if (wanted.as === 'Table') {
    return (object, isFirst) => {
      const metadata = { resourceVersion: object.metadata.resourceVersion ?? '' };
      const rows = [renderRow(resource.columns, object, includeOf(query), now())];
      return renderTable(isFirst ? resource.columns : undefined, rows, metadata, wanted.version);
    };
  }
  return wanted.as === 'PartialObjectMetadata' ? partial : undefined;
}

function includeOf(query: URLSearchParams): IncludeObject {
  const include = query.get('includeObject');
  return include === 'None' || include === 'Object' ? include : 'Metadata';
}

function partial(object: KubeObject): Record<string, unknown> {
  return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata };
}
