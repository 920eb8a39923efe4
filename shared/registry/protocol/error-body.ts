import * as z from 'zod';
import { parseJson } from './json.ts';

/** What an error answer says. */
export interface ErrorBody {
  /** `code` values, for example `MANIFEST_UNKNOWN`. */
  readonly codes: readonly string[];
  /** For a sentence: the first code with its message, or what kind of document came instead. Empty when nothing came. */
  readonly summary: string;
}

const MAX_ERRORS = 10;
const MAX_MESSAGE_CHARS = 200;
/** Shorter ones would blank out words that happen to be in them. */
const MIN_SECRET_CHARS = 4;
/** One without dots counts as well: a pattern that can fail at its end would be tried from every sign of a long text. */
const JWT = /\beyJ[\w-]{6,}(?:\.[\w-]*){0,4}/g;

// Distribution-spec, "Error Codes". Token servers and Docker Hub's gateway use the two flat forms.
const specSchema = z.object({
  errors: z
    .array(z.object({ code: z.coerce.string(), message: z.string().optional().catch(undefined) }))
    .min(1),
});
const flatSchema = z.union([
  z.object({ code: z.string(), message: z.string().optional() }),
  z.object({ error: z.string(), error_description: z.string().optional() }).transform((value) => ({
    code: value.error,
    message: value.error_description,
  })),
  z.object({ message: z.string() }).transform(({ message }) => ({ code: '', message })),
  z.object({ details: z.string() }).transform(({ details }) => ({ code: '', message: details })),
]);

/**
 * Reads an error answer of any kind. Only the codes and messages of JSON errors are quoted: other documents
 * may echo the request, signatures included.
 * @param secrets what must not be quoted even there, in addition to what looks like a token
 */
export function parseErrorBody(
  bytes: Uint8Array,
  contentType: string | undefined,
  secrets: readonly string[] = [],
): ErrorBody {
  if (bytes.byteLength === 0) return { codes: [], summary: '' };
  const json = parseJson(bytes);
  const spec = specSchema.safeParse(json);
  const errors = spec.success ? spec.data.errors.slice(0, MAX_ERRORS) : [flatSchema.safeParse(json).data];
  const [first] = errors;
  const plain = (text: string) => oneLine(withoutSecrets(text, secrets));
  if (!first) return { codes: [], summary: `with ${kindOf(contentType)}` };
  return {
    codes: errors.flatMap((error) => (error?.code ? [plain(error.code)] : [])),
    summary: [first.code, first.message]
      .filter(Boolean)
      .map((text) => plain(text ?? ''))
      .join(': '),
  };
}

function kindOf(contentType: string | undefined): string {
  const type = contentType?.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  if (type === 'text/html') return 'an HTML page';
  return /^[\w.+-]+\/[\w.+-]+$/.test(type) ? `a document of type ${type}` : 'a document of unknown type';
}

function withoutSecrets(text: string, secrets: readonly string[]): string {
  return secrets
    .filter(({ length }) => length >= MIN_SECRET_CHARS)
    .reduce((rest, secret) => rest.replaceAll(secret, 'REDACTED'), text)
    .replace(JWT, 'REDACTED');
}

/** One short line, with nothing in it that could disturb a log or a terminal. */
function oneLine(text: string): string {
  return text
    .replace(/[\p{C}\s]+/gu, ' ')
    .trim()
    .slice(0, MAX_MESSAGE_CHARS);
}
