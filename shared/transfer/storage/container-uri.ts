import { isThisMachine } from '../../content/index.ts';
import { InvalidInputError } from '../../errors.ts';

/** A blob container by its address. */
export interface ContainerAddress {
  /** `https://ACCOUNT.blob.core.windows.net/CONTAINER`, in lower case, without a slash at the end. */
  readonly uri: string;
  readonly container: string;
}

export interface BlobAddress extends ContainerAddress {
  /** Name inside the container; may have slashes. */
  readonly name: string;
  /** The query, when it has a signature: a secret. */
  readonly sasToken: string | undefined;
}

const CONTAINER_NAME = /^(?:\$root|\$web|[a-z0-9](?:-?[a-z0-9]){2,62})$/;
/** Hosts whose first path segment is the account: emulators, and storage addressed by number. */
const PATH_STYLE_HOST = /^(?:localhost|\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-f:]+\])$/;
const EXPECTED = 'https://ACCOUNT.blob.core.windows.net/CONTAINER';

/**
 * Reads the address of a container. ACR's command line lower-cases it as well.
 * @throws InvalidInputError `E_ARGUMENT`. The address is quoted without its query, which may be a secret.
 */
export function parseContainerUri(text: string): ContainerAddress {
  const { url, account, segments } = readUrl(text);
  if (url.search || url.hash) {
    throw invalid(text, 'it has a query; keep a SAS token in a secret, not in the address');
  }
  const [container = '', ...rest] = segments;
  if (rest.length > 0) throw invalid(text, 'it continues after the container');
  return address(text, url, account, container);
}

/**
 * Reads the address of a blob, with the SAS that may stand behind it.
 * @throws InvalidInputError `E_ARGUMENT`. The address is quoted without its query, which may be a secret.
 */
export function parseBlobUrl(text: string): BlobAddress {
  const { url, account, segments } = readUrl(text);
  const [container = '', ...rest] = segments;
  const name = rest.join('/');
  if (name === '') throw invalid(text, 'it names no blob', `${EXPECTED}/BLOB`);
  const sasToken = url.searchParams.has('sig') ? url.search : undefined;
  return { ...address(text, url, account, container), name, sasToken };
}

/** Whether a text is meant as an address rather than as a path of this machine; no path has a SAS token behind it. */
export function isUrl(text: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(text) || /[?&]sig=/.test(text);
}

function readUrl(text: string): { url: URL; account: string; segments: readonly string[] } {
  const url = URL.parse(text);
  if (!url) throw invalid(text, 'it is not a URL');
  if (url.username || url.password) throw invalid(text, 'it has a user name or password');
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isThisMachine(url.hostname))) {
    throw invalid(text, 'only https is used, and http on this machine');
  }
  const segments = url.pathname.replace(/^\/+|\/+$/g, '').split('/');
  const isPathStyle = PATH_STYLE_HOST.test(url.hostname);
  const account = isPathStyle ? `/${segments.shift() ?? ''}` : '';
  return { url, account, segments: segments.map(decode) };
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

function address(text: string, url: URL, account: string, name: string): ContainerAddress {
  const container = name.toLowerCase();
  if (container === '') throw invalid(text, 'it names no container');
  if (!CONTAINER_NAME.test(container)) {
    throw invalid(text, 'a container has 3 to 63 letters, digits and single hyphens in its name');
  }
  return { uri: `${url.origin}${account.toLowerCase()}/${container}`, container };
}

function invalid(text: string, reason: string, expected = EXPECTED): InvalidInputError {
  const shown = text
    .replace(/[?#].*$/s, '')
    .replace(/\/\/[^/]*@/, '//')
    .slice(0, 300);
  return new InvalidInputError(
    'E_ARGUMENT',
    `"${shown}" is not an address of blob storage: ${reason}. Expected ${expected}.`,
  );
}
