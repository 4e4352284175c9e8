import { join } from 'node:path';
import t from 'tap';
import ts from 'typescript';
import { PROJECT_ROOT } from '../../support/project.ts';

t.test('the example of a strategy compiles against what keyfan exports, as strictly as can be', async (t) => {
  const program = ts.createProgram([join(PROJECT_ROOT, 'examples/my-strategy.js')], {
    allowJs: true,
    checkJs: true,
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    module: ts.ModuleKind.NodeNext,
    target: ts.ScriptTarget.ES2023,
    types: ['node'],
    typeRoots: [join(PROJECT_ROOT, 'node_modules/@types')],
  });
  const found = ts.getPreEmitDiagnostics(program).map(({ file, start, messageText }) => {
    const line = file && start !== undefined ? file.getLineAndCharacterOfPosition(start).line + 1 : 0;
    return `${file?.fileName}:${line}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
  });
  t.same(found, []);
});
