import type { ReplyTarget } from './target.ts';

/** Takes replies that tell nothing: what went wrong shows on a request that comes behind. */
class Swallow implements ReplyTarget {
  readonly owner = this;
  readonly parts = null;

  onReply(): boolean {
    return true;
  }

  onFailure(): void {}
}

export const SWALLOW: ReplyTarget = new Swallow();
