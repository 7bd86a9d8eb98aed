import type { KubeObject } from '../objects.ts';
import { compileJsonPath } from '../tables/jsonpath.ts';
import { customColumns, type PrinterColumn } from '../tables/custom.ts';
import { compileRules } from '../validate/rules.ts';
import type { Schema } from '../validate/schema.ts';
import type { FieldReader } from '../selectors.ts';
import type { Resource } from './resource.ts';

interface CrdVersion {
  name: string;
  served: boolean;
  storage: boolean;
  schema?: { openAPIV3Schema?: Schema };
  subresources?: { status?: unknown };
  selectableFields?: { jsonPath: string }[];
  additionalPrinterColumns?: PrinterColumn[];
}

/** The parts of a CustomResourceDefinition that decide how its resources are served. */
interface CrdSpec {
  group: string;
  scope: 'Namespaced' | 'Cluster';
  names: {
    plural: string;
    singular?: string;
    kind: string;
    listKind?: string;
    shortNames?: string[];
    categories?: string[];
  };
  versions: CrdVersion[];
}

/** The key under which a CustomResourceDefinition's resources are stored. */
export function customGvr(crd: KubeObject): string {
  const { group, names } = crd['spec'] as CrdSpec;
  return `${group}/${names.plural}`;
}

/** One resource per served version of a CustomResourceDefinition. Throws where a path or a rule is not understood. */
export function customResources(crd: KubeObject): Resource[] {
  const spec = crd['spec'] as CrdSpec;
  const { group, names, scope } = spec;
  return spec.versions
    .filter((version) => version.served)
    .map((version) => {
      const hasStatus = version.subresources?.status !== undefined;
      const schema = version.schema?.openAPIV3Schema;
      const rules = schema && compileRules(schema);
      return {
        group,
        version: version.name,
        plural: names.plural,
        singular: names.singular ?? names.kind.toLowerCase(),
        kind: names.kind,
        listKind: names.listKind ?? `${names.kind}List`,
        namespaced: scope === 'Namespaced',
        shortNames: names.shortNames ?? [],
        categories: names.categories ?? [],
        verbs: ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch'],
        gvr: `${group}/${names.plural}`,
        hasStatus,
        hasGeneration: true,
        subresources: hasStatus ? [{ name: 'status', kind: names.kind, verbs: ['get', 'patch', 'update'] }] : [],
        fields: Object.fromEntries(
          (version.selectableFields ?? []).map(({ jsonPath }) => [jsonPath.replace(/^\./, ''), selectable(jsonPath)]),
        ),
        columns: customColumns(version.additionalPrinterColumns),
        custom: true,
        ...(schema ? { schema } : {}),
        ...(rules ? { rules } : {}),
      };
    });
}

function selectable(jsonPath: string): FieldReader {
  const find = compileJsonPath(jsonPath);
  return (object) => {
    const [value] = find(object);
    return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
  };
}
