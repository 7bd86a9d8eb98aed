import { StringDecoder } from 'node:string_decoder';
import { parseJson, writeJson } from './values/json.ts';
import { asNumber, asText, member, record, type Value } from './values/value.ts';

/** What one line of a pod's log says, for a reader. */
export type JournalText =
  | { readonly to: 'stdout' | 'stderr'; readonly data: string | Uint8Array }
  /** Words about the run, not of the script. `detail`: only for who wants to see all. */
  | { readonly to: 'talk'; readonly data: string; readonly detail: boolean };

/** Cuts bytes into lines, without their LF; a last line without one counts. */
export async function* splitLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  for await (const chunk of chunks) {
    const lines = (rest + decoder.write(Buffer.from(chunk))).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  rest += decoder.end();
  if (rest !== '') yield rest;
}

/** Reads the journal of a run (docs/protocol.md, section 3) as plain text: each entry once, holes told. */
export class JournalReader {
  #last = 0;
  #parts: string[] = [];

  /** What one line of the log has to say. */
  read(line: string): JournalText[] {
    if (line.trim() === '') return [];
    const entry = readEntry(line);
    if (entry === undefined) return [{ to: 'stderr', data: `${line}\n` }];
    const { n } = entry;
    if (n <= this.#last) return [];
    const hole = n > this.#last + 1 ? [say(`entries ${this.#last + 1} to ${n - 1} are missing`)] : [];
    if (hole.length > 0) this.#parts = [];
    this.#last = n;
    return [...hole, ...this.#text(entry.kind, entry.fields)];
  }

  #text(kind: string, fields: Value): JournalText[] {
    const text = (key: string): string => asText(member(fields, key)) ?? '';
    switch (kind) {
      case 'out':
        return [{ to: text('s') === 'stderr' ? 'stderr' : 'stdout', data: outputData(fields) }];
      case 'gap':
        return [say(`${String(asNumber(member(fields, 'bytes')) ?? '?')} bytes of ${text('s')} were not kept here`)];
      case 'error':
        return [{ to: 'stderr', data: text('stackTrace') || `${text('type')}: ${text('message')}\n` }];
      case 'end':
        return [say(endText(fields))];
      case 'part':
        return this.#part(fields);
      case 'tick':
      case 'answer':
        return [];
      default:
        return [say(`${kind} ${writeJson(without(fields, ['n', 't', 'k']))}`, true)];
    }
  }

  #part(fields: Value): JournalText[] {
    const i = asNumber(member(fields, 'i')) ?? 0;
    if (i === 1) this.#parts = [];
    this.#parts.push(asText(member(fields, 'j')) ?? '');
    if (i !== asNumber(member(fields, 'of'))) return [];
    const whole = this.#parts.splice(0);
    if (whole.length !== i) return [say('an entry in parts is not whole')];
    try {
      const entry = parseJson(whole.join(''));
      return this.#text(asText(member(entry, 'k')) ?? '', entry);
    } catch {
      return [say('an entry in parts cannot be read')];
    }
  }
}

function say(data: string, detail = false): JournalText {
  return { to: 'talk', data, detail };
}

function readEntry(line: string): { n: number; kind: string; fields: Value } | undefined {
  if (!line.startsWith('{')) return undefined;
  let fields: Value;
  try {
    fields = parseJson(line);
  } catch {
    // No entry but a diagnostic of the container runtime or the interpreter, which is shown as it is.
    return undefined;
  }
  const n = asNumber(member(fields, 'n'));
  const kind = asText(member(fields, 'k'));
  return n === undefined || kind === undefined ? undefined : { n, kind, fields };
}

function outputData(fields: Value): string | Uint8Array {
  const base64 = asText(member(fields, 'b'));
  return base64 === undefined ? (asText(member(fields, 'd')) ?? '') : Buffer.from(base64, 'base64');
}

function endText(fields: Value): string {
  const parts = [asText(member(fields, 'state')) ?? 'ended'];
  const why = [asText(member(fields, 'reason')), asText(member(fields, 'message'))].filter(
    (part) => part !== undefined && part !== '',
  );
  if (why.length > 0) parts.push(`(${why.join(': ')})`);
  const exitCode = asNumber(member(fields, 'exitCode'));
  const signal = asNumber(member(fields, 'signal'));
  if (signal !== undefined) parts.push(`signal ${signal}`);
  else if (exitCode !== undefined) parts.push(`exit code ${exitCode}`);
  return parts.join(' ');
}

function without(fields: Value, keys: readonly string[]): Value {
  if (!(fields instanceof Map)) return fields;
  return record(Object.fromEntries([...fields].filter(([key]) => !keys.includes(key))));
}
