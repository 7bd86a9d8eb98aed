export * from './types.ts';
export * from './errors.ts';
export { LineDecoder, encodeEntry } from './codec.ts';
export { encodeMessage } from './frames.ts';
export { losslessParse, losslessStringify } from './lossless.ts';
export { openStore } from './open.ts';
export type { StoreOptions } from './options.ts';
