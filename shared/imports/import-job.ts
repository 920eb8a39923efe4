import { createHash } from 'node:crypto';
import * as z from 'zod';
import {
  type Digest,
  formatReference,
  isDigest,
  parsePlatform,
  parseReference,
  parseRepositoryName,
} from '../content/index.ts';
import { InvalidInputError } from '../errors.ts';

/**
 * "Make this target tag be this digest." A job is convergent: run twice, late, or beside another, the end
 * state is the same. It travels as JSON through the queue and holds no secret.
 */
export interface ImportJob {
  /** Equal jobs have equal ids: hash of target, digest, platforms and observation. Also the Service Bus `messageId`. */
  readonly id: string;
  /** Repository to read from, for example `docker.io/library/node`. */
  readonly source: string;
  readonly digest: Digest;
  /** Full reference with tag that shall name the digest, for example `acme.azurecr.io/base/node:22`. */
  readonly target: string;
  /** `os/architecture[/variant]` to copy out of an index; empty means all. */
  readonly platforms: readonly string[];
  /** `false` leaves signatures, SBOMs and attestations behind; absent means they come along. */
  readonly referrers?: boolean | undefined;
  /** When upstream was first seen with this digest, ISO 8601. Orders jobs for one target: an older one never undoes a newer. */
  readonly observedAt: string;
  /** For people: why the job exists. */
  readonly reason: string;
}

const parses = (parse: (text: string) => unknown) => (text: string, context: z.RefinementCtx) => {
  try {
    parse(text);
  } catch (error) {
    context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : String(error) });
  }
};

export const importJobSchema = z.object({
  // A message id has room for 128 characters, and that of a job sent again says when as well.
  id: z.string().min(1).max(100),
  source: z.string().superRefine(parses(parseRepositoryName)),
  digest: z.string().refine(isDigest, 'is not a sha256 or sha512 digest') as unknown as z.ZodType<Digest>,
  target: z.string().superRefine(
    parses((text) => {
      const { tag, digest } = parseReference(text);
      if (!tag || digest)
        throw new InvalidInputError('E_REFERENCE', `"${text}" must name a tag and no digest.`);
    }),
  ),
  platforms: z.array(z.string().superRefine(parses(parsePlatform))).max(100),
  referrers: z.boolean().optional(),
  observedAt: z.iso.datetime(),
  reason: z.string().max(1024),
});

/** Builds a job and its id from parts that were parsed already. */
export function createImportJob(parts: Omit<ImportJob, 'id'>): ImportJob {
  const platforms = [...new Set(parts.platforms)].sort();
  const target = formatReference(parseReference(parts.target));
  const observedAt = new Date(parts.observedAt).toISOString();
  const identity = JSON.stringify([target, parts.digest, platforms, observedAt]);
  const id = createHash('sha256').update(identity).digest('hex').slice(0, 32);
  return { ...parts, id, target, platforms, observedAt };
}

/**
 * Reads a job from a queue message's body: an object, or JSON text.
 * @throws InvalidInputError `E_JOB` naming the field at fault.
 */
export function parseImportJob(body: unknown): ImportJob {
  const result = importJobSchema.safeParse(typeof body === 'string' ? parseJson(body) : body);
  if (result.success) return result.data;
  const problems = result.error.issues.map(
    (issue) => `${issue.path.join('.') || 'message'}: ${issue.message}`,
  );
  throw new InvalidInputError('E_JOB', `The message is not an import job: ${problems.join('; ')}.`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new InvalidInputError('E_JOB', `The message is not JSON: "${text.slice(0, 60)}".`, { cause });
  }
}
