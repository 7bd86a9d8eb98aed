/** What -o takes. */
export const FORMATS = ['json', 'yaml', 'wide', 'name'] as const;

/** A form of output other than the plain table. */
export type Format = (typeof FORMATS)[number];

/** Whether -o takes this. */
export function isFormat(text: string): text is Format {
  return (FORMATS as readonly string[]).includes(text);
}
