import { LIMITS, STATES } from '../../crds/index.ts';
import type { State } from '../../crds/index.ts';
import type { ParsedJson } from '../json/parse.ts';
import { isObject, isRawNumber } from '../json/raw.ts';
import { Fields, MODEL_TYPE } from './issues.ts';
import type { Issue } from './issues.ts';
import { readScript } from './script.ts';
import type { ScriptRequest } from './script.ts';

/** Arguments of the script's functions as JSON text `{"args":[…],"kwargs":{…}}`, exactly as they were sent. */
interface ArgumentTexts {
  readonly init?: string;
  readonly main?: string;
}

/** What a POST /procedures asks for. */
export interface CreateRequest {
  readonly script: ScriptRequest;
  readonly args: ArgumentTexts;
}

/** What a PUT /procedures/{id} asks for. */
export interface ChangeRequest {
  readonly args: ArgumentTexts;
  readonly state?: State;
  readonly abort: boolean;
}

/** Arguments of a function that was given none. */
export const NO_ARGUMENTS = '{"args":[],"kwargs":{}}';

/** Reads the body of a POST; null where `issues` tells why not. */
export function readCreate(body: ParsedJson, issues: Issue[]): CreateRequest | null {
  const fields = readModel(body.value, issues);
  if (!fields) return null;
  const script = readScript(fields, issues);
  const args = readArguments(fields, body);
  return script && issues.length === 0 ? { script, args } : null;
}

/** Reads the body of a PUT; null where `issues` tells why not. */
export function readChange(body: ParsedJson, issues: Issue[]): ChangeRequest | null {
  const fields = readModel(body.value, issues);
  if (!fields) return null;
  const args = readArguments(fields, body);
  const state = readState(fields);
  const abort = fields.get('abort') === undefined ? false : fields.boolean('abort');
  if (issues.length > 0) return null;
  return { args, abort: abort ?? false, ...(state ? { state } : {}) };
}

function readModel(value: unknown, issues: Issue[]): Fields | null {
  if (isObject(value)) return new Fields(value, ['body'], issues);
  issues.push({ type: 'model_attributes_type', loc: ['body'], msg: MODEL_TYPE, input: value });
  return null;
}

function readState(fields: Fields): State | null {
  const value = fields.get('state');
  if (value === undefined || value === null) return null;
  const state = STATES.find((name) => name === value);
  if (state) return state;
  const names = STATES.map((name) => `'${name}'`);
  const expected = `${names.slice(0, -1).join(', ')} or ${names.at(-1) ?? ''}`;
  return fields.report('state', 'enum', `Input should be ${expected}`, { expected });
}

function readArguments(fields: Fields, body: ParsedJson): ArgumentTexts {
  const given = fields.get('script_args');
  const functions = given === undefined || given === null ? null : fields.model('script_args');
  const texts: { init?: string; main?: string } = {};
  for (const name of ['init', 'main'] as const) {
    const value = functions?.get(name);
    if (!functions || value === undefined || value === null) continue;
    const part = functions.model(name);
    if (!part) continue;
    const args = part.get('args') === undefined ? [] : part.list('args');
    const kwargs = part.get('kwargs') === undefined ? {} : part.dict('kwargs');
    if (!args || !kwargs) continue;
    const text = `{"args":${body.sourceOf(args) ?? '[]'},"kwargs":${body.sourceOf(kwargs) ?? '{}'}}`;
    if (text.length > LIMITS.argsJSON) {
      part.valueError(`arguments take more than ${LIMITS.argsJSON} characters as JSON`);
    } else if (!isFiniteTree([args, kwargs])) {
      part.valueError('arguments contain a number that no float can hold');
    } else {
      texts[name] = text;
    }
  }
  return texts;
}

/** False for a number such as 1e999, which Python would read as infinity. Integers have no bound there. */
function isFiniteTree(value: unknown): boolean {
  if (isRawNumber(value)) return Number.isFinite(Number(value.rawJSON)) || /^-?\d+$/.test(value.rawJSON);
  if (Array.isArray(value)) return value.every(isFiniteTree);
  return !isObject(value) || Object.values(value).every(isFiniteTree);
}
