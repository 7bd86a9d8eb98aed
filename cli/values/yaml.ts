import { floatText } from './python.ts';
import { Float, type Value } from './value.ts';

/** Text that every YAML reader (1.1 and 1.2) takes for a string as it stands. */
const PLAIN = /^[A-Za-z_/][A-Za-z0-9_./@-]*(?: [A-Za-z0-9_./@-]+)*$/;
const WORDS = /^(?:y|n|yes|no|on|off|true|false|null|nan|inf|infinity)$/i;
/** Several lines that a block scalar keeps exactly: printable, the first not indented, at most one line end at the end. */
const BLOCK = /^[^\s\p{C}][^\p{C}\u2028\u2029]*(?:\n[^\p{C}\u2028\u2029]*)+$/u;

function scalar(value: Exclude<Value, Value[] | Map<string, Value>>): string {
  if (value === null) return 'null';
  if (typeof value === 'boolean' || typeof value === 'bigint') return String(value);
  if (typeof value === 'string') {
    return PLAIN.test(value) && !WORDS.test(value)
      ? value
      : JSON.stringify(value).replace(/[\u007f-\u009f\u2028\u2029\ufeff]/g, escapeRare);
  }
  // YAML 1.1 takes 1e+16 for a string; with a point in it, it is a float.
  return floatText(value.value).replace(/^(-?\d+)e/, '$1.0e');
}

function escapeRare(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

function block(text: string, pad: string): string {
  const lines = text.split('\n');
  const keep = lines.at(-1) === '' ? '' : '-';
  if (keep === '') lines.pop();
  return `|${keep}\n${lines.map((line) => (line === '' ? '' : pad + line)).join('\n')}`;
}

function node(value: Value, level: number): string {
  const pad = '  '.repeat(level);
  if (Array.isArray(value)) {
    if (value.length === 0) return '[]';
    return '\n' + value.map((item) => `${pad}- ${node(item, level + 1).replace(/^\n */, '')}`).join('\n');
  }
  if (value instanceof Map) {
    if (value.size === 0) return '{}';
    return (
      '\n' +
      [...value]
        .map(([key, item]) => {
          const text = node(item, level + 1);
          return `${pad}${scalar(key)}:${text.startsWith('\n') ? '' : ' '}${text}`;
        })
        .join('\n')
    );
  }
  if (typeof value === 'string' && BLOCK.test(value) && !value.endsWith('\n\n')) return block(value, pad || '  ');
  return scalar(value instanceof Float ? value : value);
}

/** Writes YAML without loss, with a line end at the end; several lines of text (a stack trace) stay several lines. */
export function writeYaml(value: Value): string {
  return `${node(value, 0).replace(/^\n/, '')}\n`;
}
