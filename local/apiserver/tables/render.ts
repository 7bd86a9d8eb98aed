import type { KubeObject } from '../objects.ts';
import type { Column } from './columns.ts';

/** What rows carry of their object: `includeObject` of the request. */
export type IncludeObject = 'None' | 'Metadata' | 'Object';

/** Column definitions as a `Table` lists them. */
function columnDefinitions(columns: Column[]): Record<string, unknown>[] {
  return columns.map(({ name, type, format, description, priority }) => ({
    name,
    type,
    format,
    description,
    priority,
  }));
}

/** One row. */
export function renderRow(columns: Column[], object: KubeObject, include: IncludeObject, now: number): unknown {
  return {
    cells: columns.map((each) => each.cell(object, now)),
    object:
      include === 'Object'
        ? object
        : include === 'Metadata'
          ? { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata }
          : null,
  };
}

/** A `meta.k8s.io` Table; watches send the column definitions with the first event only. */
export function renderTable(
  columns: Column[] | undefined,
  rows: unknown[],
  metadata: Record<string, unknown>,
  version = 'v1',
): Record<string, unknown> {
  return {
    kind: 'Table',
    apiVersion: `meta.k8s.io/${version}`,
    metadata,
    columnDefinitions: columns ? columnDefinitions(columns) : null,
    rows,
  };
}
