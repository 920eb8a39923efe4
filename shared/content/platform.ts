import * as z from 'zod';
import { InvalidInputError } from '../errors.ts';

/** The machine an image runs on. OCI image-spec, "Image Index Property Descriptions". */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string | undefined;
  readonly 'os.version'?: string | undefined;
}

/** Some builders write a platform with empty fields for attestations; the text is kept as found. */
export const platformSchema = z.object({
  os: z.string(),
  architecture: z.string(),
  variant: z.string().optional(),
  'os.version': z.string().optional(),
});

const PLATFORM = /^[a-z0-9_.]+\/[a-z0-9_.]+(?:\/[a-z0-9_.]+)?$/;

/** Whether it is `os/architecture[/variant]`, the form `docker --platform` takes. */
export function isPlatform(text: string): boolean {
  return PLATFORM.test(text);
}

/** @throws InvalidInputError `E_PLATFORM` unless `isPlatform` */
export function parsePlatform(text: string): Platform {
  const [os, architecture, variant] = text.split('/');
  if (!os || !architecture || !isPlatform(text)) {
    throw new InvalidInputError(
      'E_PLATFORM',
      `"${text.slice(0, 100)}" is not a platform. Expected os/architecture or os/architecture/variant, for example linux/arm64 or linux/arm/v7.`,
    );
  }
  return variant === undefined ? { os, architecture } : { os, architecture, variant };
}

export function formatPlatform({ os, architecture, variant }: Platform): string {
  return variant ? `${os}/${architecture}/${variant}` : `${os}/${architecture}`;
}

/** Whether `actual` is what someone asking for `wanted` means: no variant asked takes any; arm64 is arm64/v8. */
export function matchesPlatform(wanted: Platform, actual: Platform): boolean {
  if (wanted.os !== actual.os || wanted.architecture !== actual.architecture) return false;
  if (!wanted.variant) return true;
  return wanted.variant === (actual.variant || (actual.architecture === 'arm64' ? 'v8' : undefined));
}
