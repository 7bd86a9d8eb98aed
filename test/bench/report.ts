/** What a benchmark found: rows of samples and ratios, printed beside their bars. A bar that is missed is said, never an error. */
import { summarise, type Summary } from './stats.ts';

/** What design.md asks of a row. */
export interface Bar {
  readonly stat: 'median' | 'p95' | 'most' | 'least';
  readonly is: '<=' | '>=';
  readonly limit: number;
}

interface Row extends Summary {
  readonly part: string;
  readonly name: string;
  readonly unit: string;
  /** Measured for comparison: what a part of the work costs by itself. */
  readonly floor: boolean;
  readonly bar?: Bar;
  readonly held?: boolean;
  readonly samples: readonly number[];
}

interface Ratio {
  readonly part: string;
  readonly name: string;
  readonly value: number;
  readonly bar?: Omit<Bar, 'stat'>;
  readonly held?: boolean;
}

export class Report {
  readonly rows: Row[] = [];
  readonly ratios: Ratio[] = [];
  readonly notes: string[] = [];
  readonly #print: (line: string) => void;
  #part = '';

  constructor(print: (line: string) => void) {
    this.#print = print;
  }

  begin(part: string, what: string): void {
    this.#part = part;
    this.#print(`\n${part}: ${what}`);
  }

  /** Prints a row at once and returns its summary. */
  row(name: string, samples: readonly number[], options: { unit?: string; floor?: boolean; bar?: Bar } = {}): Summary {
    const { unit = 'ms', floor = false, bar } = options;
    const summary = summarise(samples);
    const held = bar && holds(summary[bar.stat], bar);
    this.rows.push({
      part: this.#part,
      name,
      unit,
      floor,
      ...summary,
      ...(bar && held !== undefined && { bar, held }),
      samples,
    });
    const { n, median, p95, least, most } = summary;
    const figures = [median, p95, least, most].map((value) => figure(value).padStart(8)).join(' ');
    this.#print(
      `  ${(floor ? `(floor) ${name}` : name).padEnd(58)} ${String(n).padStart(4)} ${figures} ${unit.padEnd(8)} ${told(bar, held)}`,
    );
    return summary;
  }

  /** Prints a ratio of two rows of the same run. */
  ratio(name: string, value: number, bar?: Omit<Bar, 'stat'>): void {
    const held = bar && holds(value, bar);
    this.ratios.push({ part: this.#part, name, value, ...(bar && held !== undefined && { bar, held }) });
    this.#print(`  ${name.padEnd(58)} ${''.padStart(4)} ${value.toFixed(2).padStart(8)} ${told(bar, held)}`);
  }

  note(text: string): void {
    this.notes.push(`${this.#part}: ${text}`);
    this.#print(`  ${text}`);
  }

  /** Head of the columns. */
  head(): void {
    const columns = ['median', 'p95', 'least', 'most'].map((name) => name.padStart(8)).join(' ');
    this.#print(`  ${''.padEnd(58)} ${'n'.padStart(4)} ${columns} unit     bar`);
  }
}

function holds(value: number, { is, limit }: Omit<Bar, 'stat'>): boolean {
  return is === '<=' ? value <= limit : value >= limit;
}

function told(bar: (Omit<Bar, 'stat'> & Partial<Bar>) | undefined, held: boolean | undefined): string {
  return bar ? `${bar.stat ?? ''} ${bar.is} ${bar.limit}: ${held === true ? 'holds' : 'MISSED'}`.trimStart() : '';
}

function figure(value: number): string {
  return value >= 1000 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
