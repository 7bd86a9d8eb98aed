const FORMATS: Record<string, RegExp> = {
  'date-time':
    /^\d{4}-(0\d|1[0-2])-([0-2]\d|3[01])[Tt ]([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/,
  date: /^\d{4}-(0\d|1[0-2])-([0-2]\d|3[01])$/,
  duration: /^[+-]?(\d+(\.\d+)?(ns|us|µs|ms|s|m|h)\s*)+$|^0$/,
  byte: /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/,
  uuid: /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i,
  ipv4: /^((25[0-5]|2[0-4]\d|1?\d?\d)(\.|$)){4}$/,
};

/** Whether text is of a string format of OpenAPI; formats that are not known accept all text, as on a real server. */
export function hasFormat(format: string, text: string): boolean {
  return FORMATS[format]?.test(text) ?? true;
}
