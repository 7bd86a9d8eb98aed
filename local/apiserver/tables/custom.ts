import { jsonText } from '../json.ts';
import type { Column } from './columns.ts';
import { age, ageColumn, nameColumn } from './columns.ts';
import { compileJsonPath } from './jsonpath.ts';

/** `additionalPrinterColumns` of a CustomResourceDefinition. */
export interface PrinterColumn {
  name: string;
  type: string;
  format?: string;
  description?: string;
  priority?: number;
  jsonPath: string;
}

/** The columns of a custom resource: NAME and its printer columns, or AGE where it declares none. */
export function customColumns(columns: PrinterColumn[] | undefined): Column[] {
  if (!columns?.length) return [nameColumn, ageColumn];
  return [nameColumn, ...columns.map(printerColumn)];
}

function printerColumn(declared: PrinterColumn): Column {
  const find = compileJsonPath(declared.jsonPath);
  const { name, type, format = '', description = '', priority = 0 } = declared;
  return {
    name,
    type,
    format,
    description,
    priority,
    cell(object, now) {
      const [value, ...more] = find(object);
      if (value === undefined || value === null) return null;
      if (more.length > 0) return [value, ...more].map(text).join(',');
      switch (type) {
        case 'date':
          return age(value, now);
        case 'integer':
          return typeof value === 'number' ? Math.trunc(value) : null;
        case 'number':
          return typeof value === 'number' ? value : null;
        case 'boolean':
          return typeof value === 'boolean' ? value : null;
        default:
          return text(value);
      }
    },
  };
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : jsonText(value);
}
