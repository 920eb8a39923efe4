import * as z from 'zod';
import { type Digest, isDigest } from './digest.ts';
import { type Platform, platformSchema } from './platform.ts';

/** Points at content by digest, size in bytes and media type. OCI image-spec, "Descriptor". */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  readonly artifactType?: string | undefined;
  readonly platform?: Platform | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  readonly urls?: readonly string[] | undefined;
}

export const descriptorSchema = z.object({
  mediaType: z.string().min(1).max(256),
  digest: z.string().refine(isDigest, 'is not a sha256 or sha512 digest') as unknown as z.ZodType<Digest>,
  size: z.number().int().nonnegative(),
  artifactType: z.string().max(256).optional(),
  platform: platformSchema.optional(),
  annotations: z
    .record(z.string(), z.string())
    .nullish()
    .transform((value) => value ?? undefined),
  urls: z
    .array(z.string())
    .nullish()
    .transform((value) => value ?? undefined),
});
