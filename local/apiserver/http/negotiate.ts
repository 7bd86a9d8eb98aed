import { ApiError } from '../errors.ts';

/** How an answer is written. */
export interface Wanted {
  format: 'json' | 'yaml';
  /** `Table`, `PartialObjectMetadata`, `PartialObjectMetadataList`, `APIGroupDiscoveryList`; undefined for the object. */
  as: string | undefined;
  group: string | undefined;
  version: string | undefined;
  /** The media type as it was asked for, for Content-Type. */
  contentType: string;
}

const AS_KINDS = new Set(['Table', 'PartialObjectMetadata', 'PartialObjectMetadataList', 'APIGroupDiscoveryList']);

/** The first media range of `Accept` that can be served; throws 406. */
export function negotiate(accept: string | undefined): Wanted {
  const json: Wanted = {
    format: 'json',
    as: undefined,
    group: undefined,
    version: undefined,
    contentType: 'application/json',
  };
  if (accept === undefined || accept.trim() === '') return json;
  for (const range of accept.split(',')) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim());
    const values = new Map(parameters.map((each) => each.split('=', 2) as [string, string]));
    const as = values.get('as');
    if (type === 'application/yaml' && as === undefined)
      return { ...json, format: 'yaml', contentType: 'application/yaml' };
    if (type !== 'application/json' && type !== '*/*' && type !== 'application/*') continue;
    if (as === undefined) return json;
    const version = values.get('v');
    if (AS_KINDS.has(as) && (as !== 'APIGroupDiscoveryList' || version === 'v2')) {
      const group = values.get('g');
      return {
        ...json,
        as,
        group,
        version,
        contentType: as === 'APIGroupDiscoveryList' ? range.trim() : 'application/json',
      };
    }
  }
  throw new ApiError(
    406,
    'NotAcceptable',
    'only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf',
  );
}
