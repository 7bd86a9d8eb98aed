import { LIMITS, STATES } from '../../crds/index.ts';

/** A schema of an OpenAPI 3.1 document. */
export type Schema = Readonly<Record<string, unknown>>;

/** A reference to one of the document's schemas. */
export const ref = (name: string): Schema => ({ $ref: `#/components/schemas/${name}` });

const text = (description: string, more: Schema = {}): Schema => ({ type: 'string', description, ...more });
const object = (
  required: readonly string[],
  properties: Readonly<Record<string, Schema>>,
  more: Schema = {},
): Schema => ({
  type: 'object',
  ...(required.length > 0 ? { required } : {}),
  properties,
  ...more,
});
const nullable = (schema: Schema): Schema => ({ anyOf: [schema, { type: 'null' }] });

const scriptUri = (prefix: string, description: string): Schema =>
  text(description, { pattern: `^${prefix}://`, maxLength: 4096 });

/** The four types of script; requests and answers differ in what an inline one has. */
function scriptOf(inline: string): Schema {
  const types = { filesystem: 'FileSystemScript', git: 'GitScript', inline, configmap: 'ConfigMapScript' };
  const mapping = Object.fromEntries(Object.entries(types).map(([type, name]) => [type, ref(name)['$ref']]));
  return { oneOf: Object.values(types).map(ref), discriminator: { propertyName: 'script_type', mapping } };
}

/** Schemas of requests and answers. */
export const SCHEMAS: Readonly<Record<string, Schema>> = {
  Arguments: object([], {
    args: { type: 'array', items: {}, default: [] },
    kwargs: { type: 'object', additionalProperties: true, default: {} },
  }),
  ScriptArgs: object([], { init: ref('Arguments'), main: ref('Arguments') }),
  FileSystemScript: object(['script_type', 'script_uri'], {
    script_type: { const: 'filesystem' },
    script_uri: scriptUri('file', 'Where the script is'),
  }),
  GitScript: object(['script_type', 'script_uri'], {
    script_type: { const: 'git' },
    script_uri: scriptUri('git', 'Path within the repository'),
    git_args: object([], {
      git_repo: nullable({ type: 'string' }),
      git_branch: nullable({ type: 'string' }),
      git_commit: nullable({ type: 'string' }),
    }),
    create_env: nullable({ type: 'boolean', default: false }),
  }),
  InlineScript: object(['script_type', 'content'], {
    script_type: { const: 'inline' },
    script_uri: scriptUri('inline', 'A name for people'),
    content: text('The script itself; answers leave it out', { minLength: 1, maxLength: LIMITS.inlineScript }),
  }),
  InlineScriptView: object(['script_type', 'script_uri'], {
    script_type: { const: 'inline' },
    script_uri: scriptUri('inline', 'A name for people'),
  }),
  ConfigMapScript: object(['script_type', 'script_uri'], {
    script_type: { const: 'configmap' },
    script_uri: scriptUri('configmap', 'configmap://<name>/<key>'),
  }),
  Script: scriptOf('InlineScript'),
  ScriptView: scriptOf('InlineScriptView'),
  State: { type: 'string', enum: STATES, description: 'More may be added: take an unknown one for unfinished' },
  ProcedureCreate: object(['script'], { script: ref('Script'), script_args: nullable(ref('ScriptArgs')) }),
  ProcedureChange: object([], {
    script_args: nullable(ref('ScriptArgs')),
    state: nullable(ref('State')),
    abort: { type: 'boolean', default: false, description: 'With state STOPPED: run the abort script afterwards' },
  }),
  History: object(['process_states', 'stacktrace'], {
    process_states: {
      type: 'array',
      items: { type: 'array', prefixItems: [ref('State'), { type: 'number' }], minItems: 2, maxItems: 2 },
      description: 'States and their times in seconds since the epoch; the last one is the state',
    },
    stacktrace: nullable({ type: 'string' }),
  }),
  ProcedureSummary: object(['id', 'uri', 'state', 'script', 'script_args', 'history'], {
    id: { type: 'integer', minimum: 1 },
    uri: { type: 'string', format: 'uri' },
    state: ref('State'),
    script: ref('ScriptView'),
    script_args: ref('ScriptArgs'),
    history: ref('History'),
    name: text('Name of the Procedure resource'),
    namespace: text('Its namespace'),
    reason: text('Why it ended as it did, or what it waits for, as one word'),
    message: text('The same for people'),
    exit_code: { type: 'integer' },
    signal: { type: 'integer' },
    result: { description: 'What main returned, where that is JSON' },
    failure: object(['type', 'message'], { type: { type: 'string' }, message: { type: 'string' } }),
    source: ref('Source'),
  }),
  Source: object(['sha256'], {
    sha256: text("Of the script's bytes, as they were loaded"),
    commit: text('The commit that was checked out, in full'),
  }),
  AbortSummary: object(['abort_message'], { abort_message: { type: 'string' } }),
  Result: object(['id', 'state', 'result', 'stacktrace', 'failure', 'progress', 'output'], {
    id: { type: 'integer' },
    state: ref('State'),
    name: { type: 'string' },
    namespace: { type: 'string' },
    reason: { type: 'string' },
    message: { type: 'string' },
    exit_code: { type: 'integer' },
    signal: { type: 'integer' },
    result: {},
    stacktrace: nullable({ type: 'string' }),
    failure: nullable({ type: 'object', additionalProperties: true, description: 'The exception as data' }),
    progress: nullable({ type: 'object', additionalProperties: true }),
    source: ref('Source'),
    output: nullable({ type: 'object', additionalProperties: true }),
  }),
  Error: object(['detail'], { detail: { type: 'string' } }),
  ValidationError: object(['detail'], {
    detail: {
      type: 'array',
      items: object(['type', 'loc', 'msg', 'input'], {
        type: { type: 'string' },
        loc: { type: 'array', items: { anyOf: [{ type: 'string' }, { type: 'integer' }] } },
        msg: { type: 'string' },
        input: {},
        ctx: { type: 'object', additionalProperties: true },
      }),
    },
  }),
};
