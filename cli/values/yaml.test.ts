import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { load } from 'js-yaml';
import { parseJson } from './json.ts';
import { writeYaml } from './yaml.ts';

describe('writeYaml', () => {
  test('numbers keep their kind, stack traces their lines', () => {
    const value = parseJson(
      '{"id":7,"float":1.0,"large":1e16,"huge":1180591620717411303424,"yes":"yes","none":null,"empty":[],"uri":"file:///a.py",' +
        '"trace":"Traceback:\\n  File \\"a\\"\\n\\nValueError\\n","list":[1,{"a":[true],"b":{}},["x"]]}',
    );
    expect(writeYaml(value)).toBe(`id: 7
float: 1.0
large: 1.0e+16
huge: 1180591620717411303424
"yes": "yes"
none: null
empty: []
uri: "file:///a.py"
trace: |
  Traceback:
    File "a"

  ValueError
list:
  - 1
  - a:
      - true
    b: {}
  - - x
`);
  });

  test('a YAML reader gets the same back', () => {
    const texts = fc.oneof(
      fc.string(),
      fc
        .array(fc.constantFrom('a', ' b', '\n', '', '#', ': ', '- ', '\t', 'é'), { maxLength: 8 })
        .map((parts) => parts.join('')),
    );
    const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
      tree: fc.oneof(
        { depthSize: 'small' },
        texts,
        fc.integer(),
        fc.boolean(),
        fc.constant(null),
        fc.double({ noNaN: true, noDefaultInfinity: true }).filter((value) => !Object.is(value, -0)),
        fc.array(tie('tree'), { maxLength: 4 }),
        fc.dictionary(
          texts.filter((text) => text !== '__proto__'),
          tie('tree'),
          { maxKeys: 4, noNullPrototype: true },
        ),
      ),
    }));
    fc.assert(
      fc.property(tree, (value) => {
        expect(load(writeYaml(parseJson(JSON.stringify(value))))).toEqual(value);
      }),
      { numRuns: 500 },
    );
  });
});
