import { algorithmOf, type Digest, encodedOf, isDigest } from './digest.ts';
import { isTag } from './reference.ts';

/** Signatures, attestations and SBOMs. cosign, "Signature Specification", "Tag-based Discovery". */
const SUFFIXES = ['sig', 'att', 'sbom'];

/** A tag that is made from a digest. */
export interface DigestTag {
  readonly subject: Digest;
  /** What cosign attaches, such as `sig`. Absent in a referrers tag, which lists what is attached. */
  readonly suffix?: string | undefined;
}

/**
 * The tags under which cosign attaches content to a manifest: `sha256-<hex>.sig`, `.att` and `.sbom`. A SHA-512
 * digest is longer than a tag may be, so it has none.
 */
export function cosignTagsOf(subject: Digest): readonly string[] {
  const stem = `${algorithmOf(subject)}-${encodedOf(subject)}`;
  return SUFFIXES.map((suffix) => `${stem}.${suffix}`).filter(isTag);
}

export function isCosignTag(tag: string): boolean {
  const { subject } = parseDigestTag(tag) ?? {};
  return subject !== undefined && cosignTagsOf(subject).includes(tag);
}

/**
 * Reads `sha256-<hex>.<suffix>` (cosign, with any suffix) and `sha256-<hex>` (distribution-spec, "Referrers Tag
 * Schema"). `undefined` for any other tag, and for SHA-512: its referrers tag has only a part of the digest.
 */
export function parseDigestTag(tag: string): DigestTag | undefined {
  const [, encoded, suffix] = /^sha256-([0-9a-f]{64})(?:\.(\w+))?$/.exec(tag) ?? [];
  const subject = `sha256:${encoded}`;
  if (!isDigest(subject)) return undefined;
  return suffix === undefined ? { subject } : { subject, suffix };
}
