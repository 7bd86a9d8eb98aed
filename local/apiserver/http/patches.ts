import { load } from 'js-yaml';
import { ApiError, badRequest } from '../errors.ts';
import { parseJson } from '../json.ts';
import { isObject, type KubeObject } from '../objects.ts';
import { jsonPatch, PatchError } from '../patch/json-patch.ts';
import { mergePatch } from '../patch/merge.ts';
import { strategicMerge } from '../patch/strategic.ts';
import { resolveReference } from '../resources/builtin-schemas.ts';
import type { Resource } from '../resources/resource.ts';
import { requireBounded } from '../shape.ts';

const JSON_PATCH = 'application/json-patch+json';
const MERGE_PATCH = 'application/merge-patch+json';
const STRATEGIC_PATCH = 'application/strategic-merge-patch+json';

/** The media type of server-side apply. */
export const APPLY_PATCH = 'application/apply-patch+yaml';

/** The media types of patches that a resource takes; a custom one cannot be merged strategically. */
export function patchTypes(resource: Resource): string[] {
  return [JSON_PATCH, MERGE_PATCH, ...(resource.custom ? [] : [STRATEGIC_PATCH]), APPLY_PATCH];
}

/** The object after a patch of the given media type. Throws 400, and 422 for a JSON patch that cannot be applied. */
export function patched(resource: Resource, current: KubeObject, patch: unknown, type: string): unknown {
  if (type === JSON_PATCH) {
    if (!Array.isArray(patch)) {
      throw badRequest(
        'error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp',
      );
    }
    try {
      return jsonPatch(current, patch);
    } catch (error) {
      if (!(error instanceof PatchError)) throw error;
      // a real server does not tell either which operation failed
      throw new ApiError(422, 'Invalid', 'the server rejected our request due to an error in our request', {});
    }
  }
  if (!isObject(patch)) throw badRequest('error decoding patch: the patch is no object');
  if (type === MERGE_PATCH) return structuredClone(mergePatch(current, patch));
  return structuredClone(strategicMerge(resource.schema, current, patch, resolveReference));
}

/** The body of an apply: YAML, or the JSON that kubectl sends under that name, whose numbers are kept exactly. */
export function parseApply(bytes: Buffer): unknown {
  const text = bytes.toString('utf8');
  let parsed: unknown;
  try {
    parsed = text.trimStart().startsWith('{') ? parseJson(text) : load(text);
  } catch (error) {
    throw badRequest(`error decoding YAML: ${error instanceof Error ? error.message : String(error)}`);
  }
  requireBounded(parsed);
  return parsed;
}
