/** A column of a table. */
export interface Column {
  readonly name: string;
  readonly right?: boolean;
}

const GAP = '  ';
/** Characters that two cells of a terminal hold (East Asian wide forms, most emoji). */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u;
const ASCII = /^[\x20-\x7e]*$/;
const NO_WIDTH = /[\p{Mn}\p{Me}\p{Cf}]/u;
/** What would break the table or drive the terminal. */
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/g;

/** How many cells of a terminal a text takes. */
export function displayWidth(text: string): number {
  if (ASCII.test(text)) return text.length;
  let width = 0;
  for (const char of text) width += NO_WIDTH.test(char) ? 0 : WIDE.test(char) ? 2 : 1;
  return width;
}

/** A text on one line: control characters are shown as `\x1b`. */
function oneLine(text: string): string {
  return text.replace(CONTROL, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

/**
 * A plain table: header, dashed rule, rows, two spaces between columns and no blanks at line ends. A column is as wide as
 * its widest cell, or its name and two more. No line end at the end.
 */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const cells = rows.map((row) => row.map(oneLine));
  const widths = columns.map(({ name }, index) =>
    cells.reduce((widest, row) => Math.max(widest, displayWidth(row[index] ?? '')), displayWidth(name) + 2),
  );
  function line(texts: readonly string[]): string {
    return columns
      .map(({ right }, index) => {
        const text = texts[index] ?? '';
        const pad = ' '.repeat((widths[index] ?? 0) - displayWidth(text));
        return right === true ? pad + text : text + pad;
      })
      .join(GAP)
      .trimEnd();
  }
  return [
    line(columns.map(({ name }) => name)),
    widths.map((width) => '-'.repeat(width)).join(GAP),
    ...cells.map(line),
  ].join('\n');
}
