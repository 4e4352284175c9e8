/** zod's issues in keyfan's words. A value itself is never repeated: it may be a secret. */
import { z } from 'zod';
import type { Path } from './problem.ts';
import { hint } from './spelling.ts';

export interface Complaint {
  readonly path: Path;
  readonly message: string;
  /** True where the key is at fault, not its value. */
  readonly atKey?: boolean;
}

type Issue = z.core.$ZodIssue;

const NOUNS: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'a map of keys',
  record: 'a map of keys',
  array: 'a list',
};

/** Every complaint of these issues about a value of `schema`. */
export function explain(issues: readonly Issue[], schema: z.core.$ZodType): Complaint[] {
  return issues.flatMap((issue) => explainOne(issue, schema));
}

function explainOne(issue: Issue, schema: z.core.$ZodType): Complaint[] {
  const path = issue.path.filter((part) => typeof part !== 'symbol');
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({ path: [...path, key], message: `unknown key${hint(key, keysAt(schema, path))}`, atKey: true }));
    case 'invalid_union':
      return explainUnion(issue, path, schema);
    case 'invalid_key':
      return [{ path, message: issue.issues[0]?.message ?? 'is not a valid name', atKey: true }];
    case 'custom':
      return [{ path, message: issue.message, ...(issue.params?.atKey ? { atKey: true } : {}) }];
    default:
      return [{ path, message: describe(issue) }];
  }
}

/** Of a union only the branch is reported that fits the kind of value that was written. */
function explainUnion(issue: Issue & { code: 'invalid_union' }, path: Path, schema: z.core.$ZodType): Complaint[] {
  const branch = issue.errors.find((errors) => !errors.some((error) => isWrongKind(error) && error.path.length === 0));
  if (branch) return explain(branch.map((error) => ({ ...error, path: [...path, ...error.path] })) as Issue[], schema);
  if (issue.input === undefined) return [{ path, message: 'is required' }];
  const kinds = issue.errors.flat().flatMap((error) => {
    if (error.code === 'invalid_type') return [noun(error.expected)];
    return error.code === 'invalid_value' ? error.values.map(String) : [];
  });
  const expected = issue.errors.flat().map((error) => (error.code === 'invalid_type' ? error.expected : ''));
  return [{ path, message: `must be ${[...new Set(kinds)].join(' or ')}${textNote(expected, issue.input)}` }];
}

const isWrongKind = (issue: Issue) => issue.code === 'invalid_type' || issue.code === 'invalid_value';

const noun = (expected: string) => NOUNS[expected] ?? expected;

function describe(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return wrongType(issue);
    case 'invalid_value':
      return `must be one of ${issue.values.map(String).join(', ')}${hint(String(issue.input), issue.values.map(String))}`;
    case 'too_small':
      if (!issue.message.startsWith('Too small')) return issue.message;
      return issue.origin === 'string' ? 'must not be empty' : `must be at least ${issue.minimum}`;
    case 'too_big':
      if (!issue.message.startsWith('Too big')) return issue.message;
      return `must be at most ${issue.maximum}`;
    default:
      return issue.message;
  }
}

/** A message of the schema's own wins over the general one. */
function wrongType(issue: Issue & { code: 'invalid_type' }): string {
  if (issue.input === undefined) return 'is required';
  if (!issue.message.startsWith('Invalid input')) return issue.message;
  const quotes = issue.expected === 'string' && typeof issue.input === 'number' ? '; put it in quotes' : '';
  return `must be ${noun(issue.expected)}${quotes}${textNote([issue.expected], issue.input)}`;
}

const PLAIN: Readonly<Record<string, RegExp>> = { number: /^\s*-?\d+(\.\d+)?\s*$/, int: /^\s*-?\d+\s*$/, boolean: /^(true|false)$/ };

/** For whoever sees the right value in front of him. */
function textNote(expected: readonly string[], input: unknown): string {
  const looksRight = typeof input === 'string' && expected.some((kind) => PLAIN[kind]?.test(input));
  return looksRight ? '; this is text, as all that is in quotes or comes from a variable' : '';
}

/** Keys a map at `path` may have, as far as the schema knows them. */
function keysAt(schema: z.core.$ZodType, path: Path): string[] {
  let candidates = unwrap(schema);
  for (const part of path) candidates = candidates.flatMap((candidate) => child(candidate, part));
  return candidates.flatMap((candidate) => (candidate instanceof z.ZodObject ? Object.keys(candidate.shape) : []));
}

function child(schema: z.core.$ZodType, part: string | number): z.core.$ZodType[] {
  if (schema instanceof z.ZodObject) {
    const shape = schema.shape as Record<string, z.core.$ZodType>;
    return Object.hasOwn(shape, part) ? unwrap(shape[part] as z.core.$ZodType) : [];
  }
  if (schema instanceof z.ZodRecord) return unwrap(schema.valueType);
  return schema instanceof z.ZodArray ? unwrap(schema.element) : [];
}

/** The object, record and array schemas behind defaults, transforms and unions. */
function unwrap(schema: z.core.$ZodType): z.core.$ZodType[] {
  if (schema instanceof z.ZodUnion) return schema.options.flatMap(unwrap);
  if (schema instanceof z.ZodPipe) return unwrap(schema.in);
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) return unwrap(schema.unwrap());
  return [schema];
}
