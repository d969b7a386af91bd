import path from 'node:path';
import ts from 'typescript';
import { expect, test } from 'vitest';

const root = path.resolve(import.meta.dirname, '../../..');
const file = path.join(import.meta.dirname, 'wrong-calls.ts');

/** What the compiler says of the file with its marks taken away. */
function errorsWithoutMarks(): { line: number; text: string }[] {
  const config = ts.readConfigFile(path.join(root, 'tsconfig.json'), (name) => ts.sys.readFile(name));
  const { options } = ts.parseJsonConfigFileContent(config.config, ts.sys, root);
  const host = ts.createCompilerHost(options);
  const read = host.readFile.bind(host);
  const getSourceFile = host.getSourceFile.bind(host);
  const unmarked = (read(file) ?? '').replaceAll(/\/\/ @ts-expect-error/g, '// wrong:');
  host.getSourceFile = (name, ...rest) =>
    path.resolve(name) === file ? ts.createSourceFile(name, unmarked, rest[0]) : getSourceFile(name, ...rest);
  const program = ts.createProgram([file], options, host);
  const source = program.getSourceFile(file);
  return ts.getPreEmitDiagnostics(program, source).map(({ start = 0, messageText }) => ({
    line: source!.getLineAndCharacterOfPosition(start).line,
    text: ts.flattenDiagnosticMessageText(messageText, '\n'),
  }));
}

test('no wrong call of Electron compiles, neither against the app nor against its double', () => {
  const lines = ts.sys.readFile(file)!.split('\n');
  const marks = lines.flatMap((line, at) => (line.includes('@ts-expect-error') ? [at] : []));
  const errors = errorsWithoutMarks();
  // Each on the line below its mark, or within what begins there.
  const caught = marks.filter((mark) => errors.some(({ line }) => line === mark + 1));
  expect(marks.length).toBeGreaterThan(10);
  expect(caught).toEqual(marks);
  expect(errors).toHaveLength(marks.length);
});
