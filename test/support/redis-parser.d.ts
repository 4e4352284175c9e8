/** redis-parser ships no types; these cover what the tests use. */
declare module 'redis-parser' {
  interface Options {
    returnReply(reply: unknown): void;
    returnError(error: Error): void;
    returnFatalError?(error: Error): void;
    returnBuffers?: boolean;
    stringNumbers?: boolean;
  }
  class RedisParser {
    constructor(options: Options);
    execute(data: Buffer): void;
    reset(): void;
    setReturnBuffers(returnBuffers: boolean): void;
    setStringNumbers(stringNumbers: boolean): void;
  }
  export = RedisParser;
}
