/** A spec that is as short as it can be. */
export const INLINE = { script: { inline: 'def main(): pass\n' } };

/** A Procedure's manifest. */
export function procedure(
  name: string,
  spec: Record<string, unknown>,
  more: Record<string, unknown> = {},
): Record<string, unknown> {
  return { apiVersion: 'oet.skao.int/v1alpha1', kind: 'Procedure', metadata: { name }, spec, ...more };
}

/** The answer to a Procedure that is wrong in one place. */
export function invalid(name: string, causes: { reason: string; message: string; field: string }[]): object {
  const said = causes.map(({ field, message }) => `${field}: ${message}`).join(', ');
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: `Procedure.oet.skao.int "${name}" is invalid: ${said}`,
    reason: 'Invalid',
    details: { name, group: 'oet.skao.int', kind: 'Procedure', causes },
    code: 422,
  };
}
