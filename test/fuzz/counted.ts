/** A buffer that counts how many of its bytes are looked at one by one. */
export interface Counted {
  readonly buf: Buffer;
  reads(): number;
}

export function counted(target: Buffer): Counted {
  let reads = 0;
  const buf = new Proxy(target, {
    get(bytes, key) {
      if (typeof key === 'string' && key.charCodeAt(0) <= 0x39) {
        reads++;
        return bytes[Number(key)];
      }
      const value = Reflect.get(bytes, key, bytes) as unknown;
      return typeof value === 'function' ? value.bind(bytes) : value;
    },
  });
  return { buf, reads: () => reads };
}
