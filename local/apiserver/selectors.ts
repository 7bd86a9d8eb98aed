import { badRequest } from './errors.ts';
import type { KubeObject } from './objects.ts';

/** True for the objects that a list or watch asks for. */
export type Match = (object: KubeObject) => boolean;

/** Reads a selectable field; '' where it is absent, as on a real server. */
export type FieldReader = (object: KubeObject) => string;

const LABEL_TERM =
  /^\s*(?:(!)\s*([\w./-]+)|([\w./-]+)\s*(?:(==|=|!=)\s*([\w.-]*)|\s(in|notin)\s*\(([^()]*)\)|(>|<)\s*(-?\d+))?)\s*$/;

/** Parses a `labelSelector`. Throws a 400 for what is none. */
export function parseLabelSelector(text: string): (labels: Record<string, string>) => boolean {
  const terms = splitTerms(text).map((term) => {
    const found = LABEL_TERM.exec(term.replace(/\s*\b(in|notin)\s*\(/, ' $1 ('));
    if (!found) {
      const word = /^\s*[\w./-]+\s+(\S+)/.exec(term)?.[1] ?? term;
      throw badRequest(`unable to parse requirement: found '${word}', expected: in, notin, =, ==, !=, gt, lt`);
    }
    const [, not, absent = '', key = '', operator, value = '', set, members = '', comparison, number = ''] = found;
    const values = members.split(',').map((member) => member.trim());
    return (labels: Record<string, string>): boolean => {
      if (not) return labels[absent] === undefined;
      const label = labels[key];
      if (operator === '!=') return label !== value;
      if (operator) return label === value;
      if (set === 'in') return label !== undefined && values.includes(label);
      if (set === 'notin') return label === undefined || !values.includes(label);
      if (comparison) {
        if (label === undefined || !/^-?\d+$/.test(label)) return false;
        return comparison === '>' ? BigInt(label) > BigInt(number) : BigInt(label) < BigInt(number);
      }
      return label !== undefined;
    };
  });
  return (labels) => terms.every((term) => term(labels));
}

/** Parses a `fieldSelector` against the fields that the resource can be selected by. Throws a 400. */
export function parseFieldSelector(
  text: string,
  fields: Record<string, FieldReader>,
  refusal = (field: string): string => `field label not supported: ${field}`,
): Match {
  const terms = text
    .split(',')
    .filter((term) => term.trim() !== '')
    .map((term) => {
      const found = /^\s*([^=!\s]+)\s*(==|=|!=)(.*)$/.exec(term);
      if (!found) throw badRequest(`invalid selector: '${term}'; can't understand '${term}'`);
      const [, field = '', operator, value = ''] = found;
      const read = Object.hasOwn(fields, field) ? fields[field] : undefined;
      if (!read) throw badRequest(refusal(field));
      return (object: KubeObject): boolean => (read(object) === value) === (operator !== '!=');
    });
  return (object) => terms.every((term) => term(object));
}

function splitTerms(text: string): string[] {
  const terms: string[] = [];
  let depth = 0;
  let term = '';
  for (const char of text) {
    if (char === '(') depth++;
    if (char === ')') depth--;
    if (char === ',' && depth === 0) {
      terms.push(term);
      term = '';
    } else {
      term += char;
    }
  }
  terms.push(term);
  return terms.filter((each) => each.trim() !== '');
}

/** Both selectors of a request in one predicate; undefined where there are none. */
export function selectorOf(
  query: URLSearchParams,
  fields: Record<string, FieldReader>,
  refusal?: (field: string) => string,
): Match | undefined {
  const labelText = query.get('labelSelector') ?? '';
  const fieldText = query.get('fieldSelector') ?? '';
  const byLabel = labelText.trim() === '' ? undefined : parseLabelSelector(labelText);
  const byField = fieldText.trim() === '' ? undefined : parseFieldSelector(fieldText, fields, refusal);
  if (!byLabel) return byField;
  return (object) => byLabel(object.metadata.labels ?? {}) && (!byField || byField(object));
}
