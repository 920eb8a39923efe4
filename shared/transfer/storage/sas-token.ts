import { StorageError } from '../../errors.ts';

/** A right that a SAS gives, as its letter in `sp=`. */
export type SasRight = 'r' | 'w' | 'd' | 'l' | 'a';

const RIGHT_NAMES: Readonly<Record<SasRight, string>> = {
  r: 'Read',
  w: 'Write',
  d: 'Delete',
  l: 'List',
  a: 'Add',
};

/** What ACR's documentation asks for; an export works with the first two, an import with the first. */
const DOCUMENTED_RIGHTS = {
  export: ['r', 'w', 'l', 'a'],
  import: ['r', 'l'],
} as const satisfies Record<string, readonly SasRight[]>;

/** A shared access signature. Its `query` is a secret. */
export interface SasToken {
  /** Without the leading `?`. */
  readonly query: string;
  /** `undefined` when a stored access policy gives them. */
  readonly rights: string | undefined;
  /** The stored access policy it goes by. */
  readonly policy: string | undefined;
  /**
   * Of an account SAS: services (`b` for blobs), and resource types (`o` for objects, `c` for containers).
   */
  readonly services: string | undefined;
  readonly resourceTypes: string | undefined;
  /** Addresses it may be used from. */
  readonly addresses: string | undefined;
  readonly startsAt: Date | undefined;
  readonly expiresAt: Date | undefined;
}

/**
 * Reads a SAS token, with or without the leading `?`.
 * @throws StorageError `E_STORAGE_DENIED` for what is no such token; nothing of it is quoted.
 */
export function parseSasToken(text: string): SasToken {
  const query = text.trim().replace(/^\?/, '');
  const fields = new URLSearchParams(query);
  if (!fields.get('sig') || /[\s"?]/.test(query)) {
    throw new StorageError(
      'E_STORAGE_DENIED',
      'The secret is not a SAS token. Expected a query such as "?sv=…&sp=…&se=…&sig=…".',
    );
  }
  return {
    query,
    rights: fields.get('sp') ?? undefined,
    policy: fields.get('si') ?? undefined,
    services: fields.get('ss') ?? undefined,
    resourceTypes: fields.get('srt') ?? undefined,
    addresses: fields.get('sip') ?? undefined,
    startsAt: timeOf(fields.get('st')),
    expiresAt: timeOf(fields.get('se')),
  };
}

/**
 * Checks, before storage is called, that a token is valid and has the needed permissions.
 * @throws StorageError `E_STORAGE_DENIED` that names the date or the rights at fault
 */
export function checkSasToken(sas: SasToken, needed: readonly SasRight[], now: Date): void {
  if (sas.expiresAt && sas.expiresAt <= now) {
    throw denied(`The SAS token expired on ${sas.expiresAt.toISOString()}. Store a new one in its secret.`);
  }
  if (sas.startsAt && sas.startsAt > now) {
    throw denied(`The SAS token is not valid before ${sas.startsAt.toISOString()}.`);
  }
  if (sas.services?.includes('b') === false) {
    throw denied(
      `The SAS token is not for blobs; it has ss=${sas.services}. Store one with ss=b in its secret.`,
    );
  }
  if (sas.resourceTypes?.includes('o') === false) {
    throw denied(
      `The SAS token does not cover blobs in containers; it has srt=${sas.resourceTypes}. Store one with srt=sco in its secret.`,
    );
  }
  const missing = missingRights(sas, needed);
  if (missing.length > 0) throw denied(lacks(sas, missing));
}

/**
 * Explains why storage denied a request, as far as the token shows.
 * @param purpose what the documentation asks for is compared with what the token gives
 */
export function explainRefusal(sas: SasToken, purpose: keyof typeof DOCUMENTED_RIGHTS): string {
  const missing = missingRights(sas, DOCUMENTED_RIGHTS[purpose]);
  if (missing.length > 0) return lacks(sas, missing);
  const { policy, resourceTypes, addresses } = sas;
  const reasons = [
    ...(policy === undefined ? [] : [`the stored access policy ${policy} was removed, or lacks permissions`]),
    ...(resourceTypes?.includes('c') === false ? [`it cannot list containers (srt=${resourceTypes})`] : []),
    ...(addresses === undefined ? [] : [`it is restricted to other addresses (sip=${addresses})`]),
    'it was signed for another container or with a key that was rotated',
  ];
  return `The SAS token itself looks sufficient. Either ${reasons.join(', or ')}, or the network rules of the account block this program.`;
}

/** The documented permissions that the token lacks, in words; empty if none. */
export function explainMissingRights(
  sas: SasToken,
  purpose: keyof typeof DOCUMENTED_RIGHTS,
): readonly string[] {
  const missing = missingRights(sas, DOCUMENTED_RIGHTS[purpose]);
  return missing.length === 0 ? [] : [`lacks ${named(missing)}, which ACR would need`];
}

function missingRights({ rights }: SasToken, needed: readonly SasRight[]): readonly SasRight[] {
  return rights === undefined ? [] : needed.filter((right) => !rights.includes(right));
}

function lacks({ rights }: SasToken, missing: readonly SasRight[]): string {
  return `The SAS token lacks ${named(missing)}; it has sp=${rights}. Store one with these rights in its secret.`;
}

function named(rights: readonly SasRight[]): string {
  return rights.map((right) => `${RIGHT_NAMES[right]} (${right})`).join(', ');
}

function denied(message: string): StorageError {
  return new StorageError('E_STORAGE_DENIED', message);
}

function timeOf(text: string | null): Date | undefined {
  const time = Date.parse(text ?? '');
  return Number.isNaN(time) ? undefined : new Date(time);
}
