import { execFileSync } from 'node:child_process';

/**
 * What upstream's command line makes of words, asked of Python itself: the syntax tree with bare words within it made
 * strings, evaluated as a literal; `null` where that fails and the word is a plain text. Each answer is the JSON that Python
 * makes of the value, or `!` where it makes none.
 */
const ORACLE = `
import ast, json, sys, warnings
warnings.simplefilter('ignore')

class Words(ast.NodeTransformer):
    def visit_Name(self, node):
        return ast.copy_location(ast.Constant(node.id), node)

def read(word):
    tree = ast.parse(word, mode='eval')
    if isinstance(tree.body, ast.BinOp):
        return None
    value = ast.literal_eval(Words().visit(tree))
    try:
        return json.dumps(value, allow_nan=False, ensure_ascii=False, separators=(',', ':'))
    except (TypeError, ValueError):
        return '!'

def answer(word):
    try:
        return read(word)
    except TypeError:
        return '!'
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return None

json.dump([answer(word) for word in json.load(sys.stdin)], sys.stdout)
`;

/** Python's reading of each word. */
export function askPython(words: readonly string[]): (string | null)[] {
  return runPython(ORACLE, words) as (string | null)[];
}

/** Runs a Python program with JSON on stdin and JSON on stdout. */
export function runPython(program: string, input: unknown): unknown {
  const out = execFileSync('python3', ['-c', program], {
    input: JSON.stringify(input),
    maxBuffer: 256 * 1024 * 1024,
    env: { ...process.env, PYTHONIOENCODING: 'utf-8' },
  });
  return JSON.parse(out.toString());
}
