/**
 * Style and structure as checks over `{ path, text }`: each returns its complaints, one line each, so that a test can also
 * hand it a bad example and see it caught.
 */
import { posix } from 'node:path';
import ts from 'typescript';
import type { TextFile } from './project.ts';

export type Check = (files: readonly TextFile[]) => string[];

/** Rooms from the ground up. A file imports from its own room and from rooms below; rooms on one line do not know each other. */
export const LAYERS: readonly (readonly string[])[] = [
  ['kernel'],
  ['util', 'errors'],
  ['protocol'],
  ['command'],
  ['routing'],
  ['observe'],
  ['upstream'],
  ['downstream'],
  ['pool'],
  ['config'],
  ['data-plane'],
  ['admin'],
  ['proxy'],
  ['runtime'],
  ['index'],
  ['cli'],
  ['main'],
];

const PURE_ROOMS = new Set(['kernel', 'protocol', 'command', 'routing']);
/** The one file of a pure room that reads files: it imports a user's strategy at start. */
const READS_FILES = new Set(['src/routing/load-strategy.ts']);
const FILE_MODULES = /^node:(fs|fs\/promises|module|path|url)$/;
/** What a pure room may import from outside: values and types without sockets, timers, clock or logger. */
const PURE_MODULES = /^(zod|yaml|hashring|node:(buffer|crypto|util|assert))$/;
const IMPURE_GLOBALS = new Set(
  'setTimeout setInterval setImmediate clearTimeout clearInterval clearImmediate queueMicrotask performance fetch WebSocket console'.split(
    ' ',
  ),
);
const IMPURE_MEMBERS = new Set(['Date.now', 'process.hrtime', 'process.nextTick', 'process.uptime', 'process.env']);

export const FILE_LINES_MAX = 400;
export const FUNCTION_LINES_MAX = 70;

const isGenerated = (path: string): boolean => /(^|[/.-])generated[/.-]/.test(path);
const parsed = new WeakMap<TextFile, ts.SourceFile>();

function parse(file: TextFile): ts.SourceFile {
  let tree = parsed.get(file);
  if (!tree) {
    tree = ts.createSourceFile(file.path, file.text, ts.ScriptTarget.ES2023, true);
    parsed.set(file, tree);
  }
  return tree;
}

function walk(node: ts.Node, visit: (node: ts.Node) => void): void {
  visit(node);
  ts.forEachChild(node, (child) => walk(child, visit));
}

const place = (file: TextFile, node: ts.Node): string => {
  const tree = parse(file);
  return `${file.path}:${tree.getLineAndCharacterOfPosition(node.getStart(tree)).line + 1}`;
};

interface Import {
  readonly node: ts.Node;
  readonly specifier: string;
}

/** Static imports, re-exports, `import(…)` with a literal, and import types. */
function importsOf(file: TextFile): Import[] {
  const found: Import[] = [];
  const add = (node: ts.Node, specifier: ts.Node | undefined): void => {
    if (specifier && ts.isStringLiteralLike(specifier)) found.push({ node, specifier: specifier.text });
  };
  walk(parse(file), (node) => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) add(node, node.moduleSpecifier);
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) add(node, node.arguments[0]);
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) add(node, node.argument.literal);
  });
  return found;
}

const resolveLocal = (from: string, specifier: string): string => posix.normalize(posix.join(posix.dirname(from), specifier));
const isLocal = (specifier: string): boolean => specifier.startsWith('.');

/** `src/protocol/x.ts` → protocol, `src/errors.ts` → errors. */
function roomOf(path: string): string {
  const [, second = '', third] = path.split('/');
  return third === undefined ? second.replace(/\.ts$/, '') : second;
}

export const layerOrder: Check = (files) => {
  const rank = new Map(LAYERS.flatMap((rooms, index) => rooms.map((room) => [room, index] as const)));
  const complaints: string[] = [];
  for (const file of files) {
    const room = roomOf(file.path);
    const own = rank.get(room);
    if (own === undefined) {
      complaints.push(`${file.path}: room ${room} has no place in the layers`);
      continue;
    }
    for (const { node, specifier } of importsOf(file).filter((entry) => isLocal(entry.specifier))) {
      const target = resolveLocal(file.path, specifier);
      const other = roomOf(target);
      if (!target.startsWith('src/')) complaints.push(`${place(file, node)}: imports ${specifier} from outside src`);
      else if (other !== room && (rank.get(other) ?? Infinity) >= own) {
        complaints.push(`${place(file, node)}: ${room} must not import from ${other} (${specifier})`);
      }
    }
  }
  return complaints;
};

/** Own files are imported as `./x.ts` and exist; `node:` is spelled out. */
export const importSpelling: Check = (files) => {
  const paths = new Set(files.map((file) => file.path));
  return files.flatMap((file) =>
    importsOf(file).flatMap(({ node, specifier }) => {
      if (!isLocal(specifier)) return [];
      if (!/\.(ts|json)$/.test(specifier)) return [`${place(file, node)}: ${specifier} does not end in .ts`];
      const target = resolveLocal(file.path, specifier);
      return paths.has(target) || target.endsWith('.json') ? [] : [`${place(file, node)}: ${target} does not exist`];
    }),
  );
};

/** Each import cycle once, as `a → b → a`; imports of types count too. */
export const noCycles: Check = (files) => {
  const graph = new Map(
    files.map((file) => [
      file.path,
      importsOf(file)
        .filter((entry) => isLocal(entry.specifier))
        .map((entry) => resolveLocal(file.path, entry.specifier)),
    ]),
  );
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (path: string, trail: string[]): void => {
    const seenAt = trail.indexOf(path);
    if (seenAt >= 0) cycles.push([...trail.slice(seenAt), path].join(' → '));
    if (seenAt >= 0 || done.has(path)) return;
    for (const next of graph.get(path) ?? []) visit(next, [...trail, path]);
    done.add(path);
  };
  for (const path of graph.keys()) visit(path, []);
  return cycles;
};

/** Sockets, timers, clock, logger, process state: where a file touches one of them itself. */
function impurities(file: TextFile): string[] {
  const found: string[] = [];
  for (const { node, specifier } of importsOf(file)) {
    const allowed = isLocal(specifier) || PURE_MODULES.test(specifier) || (READS_FILES.has(file.path) && FILE_MODULES.test(specifier));
    if (!allowed) found.push(`${place(file, node)}: imports ${specifier}`);
  }
  walk(parse(file), (node) => {
    if (ts.isPropertyAccessExpression(node) && IMPURE_MEMBERS.has(`${node.expression.getText()}.${node.name.text}`)) {
      found.push(`${place(file, node)}: uses ${node.getText()}`);
    } else if (ts.isNewExpression(node) && node.expression.getText() === 'Date' && !node.arguments?.length) {
      found.push(`${place(file, node)}: uses new Date()`);
    } else if (ts.isIdentifier(node) && IMPURE_GLOBALS.has(node.text) && isReference(node)) {
      found.push(`${place(file, node)}: uses ${node.text}`);
    }
  });
  return found;
}

/** False for names that are only a property, a key or a declaration: `options.fetch`, `{ fetch: 1 }`. */
function isReference(node: ts.Identifier): boolean {
  const parent = node.parent;
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node;
  if (ts.isPropertyAssignment(parent)) return parent.initializer === node;
  return (
    ts.isCallExpression(parent) || ts.isExpressionStatement(parent) || ts.isVariableDeclaration(parent) || ts.isReturnStatement(parent)
  );
}

/** Pure rooms touch nothing of the outside, neither themselves nor through a file of util. */
export const pureRooms: Check = (files) => {
  const own = new Map(files.map((file) => [file.path, impurities(file)]));
  return files
    .filter((file) => PURE_ROOMS.has(roomOf(file.path)))
    .flatMap((file) => {
      const through = importsOf(file)
        .filter((entry) => isLocal(entry.specifier))
        .map((entry) => ({ ...entry, target: resolveLocal(file.path, entry.specifier) }))
        .filter(({ target }) => roomOf(target) === 'util' && (own.get(target)?.length ?? 0) > 0)
        .map(({ node, target }) => `${place(file, node)}: imports ${target}, which ${own.get(target)?.[0]?.replace(/^.*?: /, '')}`);
      return [...(own.get(file.path) ?? []), ...through];
    });
};

const lineCount = (text: string): number => text.split('\n').length - (text.endsWith('\n') ? 1 : 0);

const filesLonger =
  (max: number): Check =>
  (files) =>
    files
      .filter((file) => !isGenerated(file.path) && lineCount(file.text) > max)
      .map((file) => `${file.path}: ${lineCount(file.text)} lines, more than ${max}`);

export const fileSizes: Check = filesLonger(FILE_LINES_MAX);

export const functionSizes: Check = (files) =>
  files
    .filter((file) => !isGenerated(file.path))
    .flatMap((file) => {
      const tree = parse(file);
      const found: string[] = [];
      walk(tree, (node) => {
        if (!ts.isFunctionLike(node) || !('body' in node) || !node.body) return;
        const line = (at: number): number => tree.getLineAndCharacterOfPosition(at).line;
        const lines = line(node.end) - line(node.getStart(tree)) + 1;
        if (lines > FUNCTION_LINES_MAX) found.push(`${place(file, node)}: a function of ${lines} lines, more than ${FUNCTION_LINES_MAX}`);
      });
      return found;
    });

/** Reminders in comments or texts; put together here so that this file does not find itself. */
const REMINDER = new RegExp(`\\b(${['TO' + 'DO', 'FIX' + 'ME', 'XX' + 'X', 'HA' + 'CK'].join('|')})\\b`);

export const noReminders: Check = (files) =>
  files
    .filter((file) => !isGenerated(file.path))
    .flatMap((file) => {
      const lines = file.text.split('\n');
      return lines.flatMap((line, index) => (REMINDER.test(line) ? [`${file.path}:${index + 1}: ${line.trim()}`] : []));
    });

export const noDebugging: Check = (files) =>
  files.flatMap((file) => {
    const found: string[] = [];
    walk(parse(file), (node) => {
      const isConsole = ts.isPropertyAccessExpression(node) && node.expression.getText() === 'console';
      if (isConsole || ts.isDebuggerStatement(node)) found.push(`${place(file, node)}: ${node.getText()}`);
    });
    return found;
  });

/** `t.only(…)`, `test.only(…)`, `{ only: true }`. */
export const noOnly: Check = (files) =>
  files.flatMap((file) => {
    const found: string[] = [];
    walk(parse(file), (node) => {
      const call = ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression) && node.expression.name.text === 'only';
      const option = ts.isPropertyAssignment(node) && node.name.getText() === 'only' && node.initializer.kind === ts.SyntaxKind.TrueKeyword;
      if (call || option) found.push(`${place(file, node)}: only`);
    });
    return found;
  });

const isRegistry = (path: string): boolean => path === 'src/index.ts' || path.endsWith('/registry.ts');

/** A file that only passes on what others export, and any `export *`. */
export const noBarrels: Check = (files) =>
  files
    .filter((file) => !isRegistry(file.path))
    .flatMap((file) => {
      const statements = parse(file).statements;
      const passedOn = statements.filter((node) => ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined);
      const star = passedOn.find((node) => ts.isExportDeclaration(node) && node.exportClause === undefined);
      if (star) return [`${place(file, star)}: export *`];
      return passedOn.length > 0 && passedOn.length === statements.length ? [`${file.path}: only passes on exports`] : [];
    });

/** Exported values that no other file imports. `users` are the files that may import, e.g. tests as well. */
export const unusedExports =
  (users: readonly TextFile[]): Check =>
  (files) => {
    const used = new Set(users.flatMap(importedNames));
    return files
      .filter((file) => !isRegistry(file.path) && !isGenerated(file.path) && !used.has(`${file.path}#*`))
      .flatMap((file) =>
        exportedValues(file).flatMap(({ name, node }) => (used.has(`${file.path}#${name}`) ? [] : [`${place(file, node)}: ${name}`])),
      );
  };

/** `src/a.ts#name` for each named import; `#*` where all of a module is taken. */
function importedNames(file: TextFile): string[] {
  return importsOf(file).flatMap(({ node, specifier }) => {
    if (!isLocal(specifier)) return [];
    const target = resolveLocal(file.path, specifier);
    const clause = ts.isImportDeclaration(node)
      ? node.importClause?.namedBindings
      : ts.isExportDeclaration(node)
        ? node.exportClause
        : undefined;
    if (clause && (ts.isNamedImports(clause) || ts.isNamedExports(clause))) {
      return clause.elements.map((element) => `${target}#${(element.propertyName ?? element.name).text}`);
    }
    return ts.isImportDeclaration(node) && node.importClause?.name && !clause ? [`${target}#default`] : [`${target}#*`];
  });
}

function exportedValues(file: TextFile): { name: string; node: ts.Node }[] {
  return parse(file).statements.flatMap((node): { name: string; node: ts.Node }[] => {
    const modifiers = ts.canHaveModifiers(node) ? (ts.getModifiers(node) ?? []) : [];
    const has = (kind: ts.SyntaxKind): boolean => modifiers.some((modifier) => modifier.kind === kind);
    if (!has(ts.SyntaxKind.ExportKeyword) || has(ts.SyntaxKind.DefaultKeyword)) return [];
    if (ts.isVariableStatement(node)) {
      return node.declarationList.declarations.flatMap((entry) =>
        ts.isIdentifier(entry.name) ? [{ name: entry.name.text, node: entry }] : [],
      );
    }
    return (ts.isFunctionDeclaration(node) || ts.isClassDeclaration(node)) && node.name ? [{ name: node.name.text, node }] : [];
  });
}
