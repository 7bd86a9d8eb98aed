import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { runPython } from '../testing/python.ts';
import { parseJson, writeJson } from './json.ts';
import { floatText, repr, stringText } from './python.ts';

test('floats are written as Python writes them', () => {
  const floats = [
    0,
    -0,
    1,
    1e15,
    1e16,
    1e17,
    123456789012345680,
    1e-4,
    1e-5,
    5e-324,
    1.7976931348623157e308,
    ...fc.sample(fc.double({ noNaN: true, noDefaultInfinity: true }), 3000),
  ];
  const texts = floats.map(floatText);
  const theirs = runPython(
    'import json,sys; json.dump([repr(float(t)) for t in json.load(sys.stdin)], sys.stdout)',
    texts,
  );
  expect(texts).toEqual(theirs);
  expect(texts.map(Number)).toEqual(floats);
});

test('floats that JSON has not', () => {
  expect([NaN, Infinity, -Infinity].map(floatText)).toEqual(['nan', 'inf', '-inf']);
});

test('texts are written as Python writes them', () => {
  // Assigned long ago, so that every Python's tables have the same to say of them.
  const chars = fc.constantFrom(...Array.from('aZ09 \'"\\\n\r\t\0\x1b\x7f\x85\xa0\xadé€日🎉\u200b\u2028\ufeff\ue000'));
  const texts = fc.sample(
    fc.array(chars, { maxLength: 12 }).map((parts) => parts.join('')),
    2000,
  );
  const theirs = runPython('import json,sys; json.dump([repr(t) for t in json.load(sys.stdin)], sys.stdout)', texts);
  expect(texts.map(stringText)).toEqual(theirs);
});

test('whole values: read, written and shown as Python does', () => {
  const jsons = fc.sample(fc.json(), 2000).filter((text) => !/[\ud800-\udfff]|\\ud[89a-f]/i.test(text));
  const program = `
import json,sys
json.dump([repr(json.loads(t)) for t in json.load(sys.stdin)], sys.stdout)`;
  const printable = jsons.filter((text) => /^[\x20-\x7e]*$/.test(text));
  expect(printable.length).toBeGreaterThan(300);
  expect(printable.map((text) => repr(parseJson(text)))).toEqual(runPython(program, printable));
  expect(printable.map((text) => repr(parseJson(writeJson(parseJson(text)))))).toEqual(
    printable.map((text) => repr(parseJson(text))),
  );
});
