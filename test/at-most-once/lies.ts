/**
 * Lies put into a running keyfan, so that the run can be seen to find them: modules that Node.js loads before keyfan.
 * `resend` is a fault of behaviour that needs nothing of keyfan's code; the others change a line of it as it is loaded, and end
 * keyfan where that line is not found.
 */
interface Change {
  /** Compiled file, the text in it and what takes its place. */
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

export const CHANGES = {
  /** A lost connection is told as if nothing had been sent. */
  'never-instead-of-unknown': {
    file: '/src/errors.js',
    from: 'was lost; the command may have been executed',
    to: 'was lost; the command was not executed',
  },
  'timeout-told-as-never': {
    file: '/src/errors.js',
    from: 'did not answer in time; the command may have been executed',
    to: 'did not answer in time; the command was not executed',
  },
  /** An MSET of which a part failed reads OK. */
  'ok-instead-of-partly': {
    file: '/src/downstream/fan-out.js',
    from: 'this.#answerFailure(failures, done.length);',
    to: "this.#parent.onReply(this.#token, Buffer.from('+OK\\r\\n'), 0, 5, false);",
  },
} as const satisfies Record<string, Change>;

export const LIE_NAMES = ['resend', ...Object.keys(CHANGES)] as readonly LieName[];
export type LieName = 'resend' | keyof typeof CHANGES;

/** Flags of Node.js that put the lie into the process. */
export function lieArgs(name: LieName): string[] {
  const file = new URL(name === 'resend' ? './lie-resend.js' : './lie-change.js', import.meta.url);
  file.searchParams.set('lie', name);
  return ['--import', file.href];
}
