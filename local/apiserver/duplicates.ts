/**
 * Paths of keys that JSON text gives twice in one object, in the order of the text; the text must be valid JSON. One
 * pass over the text without building anything: it runs for every body that is checked strictly or with warnings.
 */
export function duplicateFields(text: string): string[] {
  const found: string[] = [];
  let at = 0;

  function space(): void {
    while (at < text.length && text.charCodeAt(at) <= 32) at++;
  }

  function string(): string {
    const start = at++;
    while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
    return text.slice(start + 1, at++);
  }

  function value(path: string): void {
    space();
    const first = text[at];
    if (first === '"') string();
    else if (first === '{') object(path);
    else if (first === '[') array(path);
    else while (at < text.length && !',]}'.includes(text[at] ?? ',')) at++;
    space();
  }

  function object(path: string): void {
    const keys = new Set<string>();
    at++;
    space();
    while (text[at] !== '}') {
      space();
      const key = string();
      const field = path === '' ? key : `${path}.${key}`;
      if (keys.has(key)) found.push(field);
      keys.add(key);
      space();
      at++;
      value(field);
      if (text[at] === ',') at++;
    }
    at++;
  }

  function array(path: string): void {
    at++;
    space();
    for (let i = 0; text[at] !== ']'; i++) {
      value(`${path}[${i}]`);
      if (text[at] === ',') at++;
    }
    at++;
  }

  value('');
  return found;
}
