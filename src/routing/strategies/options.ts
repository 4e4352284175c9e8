import { z } from 'zod';
import { HASH_NAMES, type HashName } from '../hash/registry.ts';

/** Options several strategies share. `describe` texts are the user's documentation. */
export const hashOption: z.ZodDefault<z.ZodEnum<{ [K in HashName]: K }>> = z
  .enum(HASH_NAMES)
  .default('murmur')
  .describe("Hash function of the key: one of nutcracker's twelve. nutcracker's own default is fnv1a_64.");

export const hashTagOption = z
  .string()
  .refine((text) => text === '' || Buffer.byteLength(text) === 2, 'must be empty (off) or exactly two bytes, an opening and a closing one')
  .default('{}')
  .describe('Two bytes: where a key has something between them, only that is hashed, so such keys stay together. "" turns it off.');
