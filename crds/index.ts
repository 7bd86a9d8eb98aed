/** The contract: constants and types, without zod at run time. Schemas are in schema/, the check of manifests in validate.ts. */
export * from './constants.ts';
export type * from './types.ts';
