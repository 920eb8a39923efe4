import { BlockList, isIP } from 'node:net';
import { isLoopbackHost } from '../../content/index.ts';

/** Proxies between us and the registries. Their URLs may hold a login: never log them, only their `host`. */
export interface ProxySettings {
  /** For https URLs, through a tunnel (CONNECT): the proxy sees a host and port, no request. */
  readonly https?: URL | undefined;
  /** For http URLs, whose requests the proxy reads. */
  readonly http?: URL | undefined;
  /**
   * Hosts that are reached without: names (with all names below them), `*`, IP addresses or networks such as
   * `10.0.0.0/8` (for hosts written as addresses: names are not looked up for this); each with `:PORT` if only
   * that port is meant.
   */
  readonly noProxy?: readonly string[] | undefined;
}

type Exception = (host: string, port: string) => boolean;

const DEFAULT_PORTS: Readonly<Record<string, string>> = { 'https:': '443', 'http:': '80' };

/** Says which proxy a request goes through, if any. What is on this machine never goes through one. */
export function proxyChooser({ https, http, noProxy = [] }: ProxySettings): (url: URL) => URL | undefined {
  const exceptions = noProxy.map(exceptionOf);
  return (url) => {
    if (isLoopbackHost(url.hostname)) return undefined;
    const host = bare(url.hostname);
    const port = url.port || (DEFAULT_PORTS[url.protocol] ?? '');
    if (exceptions.some((excepts) => excepts(host, port))) return undefined;
    return url.protocol === 'https:' ? https : http;
  };
}

function exceptionOf(entry: string): Exception {
  const { host = '', port } = /^(?<host>\[.+\]|[^:]+):(?<port>\d+)$/.exec(entry)?.groups ?? { host: entry };
  const named = bare(host.toLowerCase());
  const matches = namesMatcher(named);
  return (asked, askedPort) => (port === undefined || port === askedPort) && matches(asked);
}

function namesMatcher(named: string): (host: string) => boolean {
  if (named === '*') return () => true;
  const network = networkOf(named);
  if (network) return (host) => isIP(host) !== 0 && network.check(host, isIP(host) === 6 ? 'ipv6' : 'ipv4');
  const domain = named.replace(/^\*?\./, '');
  return (host) => host === domain || host.endsWith(`.${domain}`);
}

/** `undefined` for what is no network; an address is the network of just itself. */
function networkOf(text: string): BlockList | undefined {
  const [address = '', prefix, ...rest] = text.split('/');
  const family = isIP(address);
  const bits = family === 6 ? 128 : 32;
  const length = prefix === undefined ? bits : Number(prefix);
  if (family === 0 || rest.length > 0 || prefix === '' || !(length >= 0 && length <= bits)) return undefined;
  const network = new BlockList();
  network.addSubnet(address, length, family === 6 ? 'ipv6' : 'ipv4');
  return network;
}

/** Without the brackets of an IPv6 address, and the dot that ends a full name. */
function bare(host: string): string {
  return host.replace(/^\[(.*)\]$/, '$1').replace(/(?<=.)\.$/, '');
}
