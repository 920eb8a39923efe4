import { type LookupAddress, lookup } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { RegistryError } from '../../errors.ts';

/**
 * Where a request may go. Names come from users and redirects from registries, so without the operator's
 * word only public addresses are reached; link-local and cloud metadata addresses never are.
 */
export type Reach = 'public' | 'private';

type Subnet = readonly [address: string, prefix: number];

// IANA special-purpose registries (RFC 6890 and updates).
const NEVER: readonly Subnet[] = [
  ['0.0.0.0', 8],
  ['169.254.0.0', 16],
  ['100.100.100.200', 32], // Alibaba Cloud's metadata
  ['192.0.0.192', 32], // Oracle Cloud's metadata
  ['168.63.129.16', 32], // Azure's platform services
  ['224.0.0.0', 4],
  ['::', 128],
  ['fe80::', 10],
  ['fd00:ec2::254', 128], // AWS instance metadata
  ['fd20:ce::254', 128], // Google Cloud's metadata
  ['2001::', 32], // tunnels to addresses of version 4: Teredo and 6to4
  ['2002::', 16],
  ['ff00::', 8],
];
const PRIVATE: readonly Subnet[] = [
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['240.0.0.0', 4],
  ['::', 96],
  ['64:ff9b:1::', 48], // a network's own NAT64 (RFC 8215)
  ['fc00::', 7],
  ['fec0::', 10],
];
/** In a network without version 4, NAT64 leads from here to the address in the last 32 bits (RFC 6052). */
const NAT64 = '64:ff9b::';

const BLOCKED: Readonly<Record<Reach, BlockList>> = {
  public: blockList([...NEVER, ...PRIVATE]),
  private: blockList(NEVER),
};

function blockList(subnets: readonly Subnet[]): BlockList {
  const list = new BlockList();
  for (const [address, prefix] of subnets) {
    // `isIP` would know too, for 4 ms: it makes its pattern for version 6 when first asked.
    const isV6 = address.includes(':');
    list.addSubnet(address, prefix, isV6 ? 'ipv6' : 'ipv4');
    if (!isV6) list.addSubnet(`${NAT64}${address}`, 96 + prefix, 'ipv6');
  }
  return list;
}

/** Whether an IP address (IPv4-mapped IPv6 included) may be connected to. */
export function mayReach(address: string, reach: Reach): boolean {
  return !BLOCKED[reach].check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}

/** A host is at a private address, which is not allowed for it. The caller that knows the registry adds how to allow it. */
export class PrivateAddressError extends RegistryError {
  constructor(host: string) {
    super('E_DENIED', `${host} is at a private address.`);
  }
}

/** Refuses a host given as an IP address, for which no lookup happens. @throws RegistryError `E_DENIED` */
export function assertReachable({ hostname }: URL, reach: Reach): void {
  const address = hostname.replace(/^\[|\]$/g, '');
  if (isIP(address) !== 0 && !mayReach(address, reach)) throw refused(hostname, [address]);
}

/** Checks the addresses a connection is then made to, so that a name cannot change in between. */
export function guardedLookup(reach: Reach): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
      const [first] = addresses ?? [];
      const all = (addresses ?? []).map(({ address }) => address);
      if (error || !first) callback(error ?? new Error(`${hostname} has no address`), []);
      else if (!all.every((address) => mayReach(address, reach))) callback(refused(hostname, all), []);
      else if (options.all) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
}

function refused(host: string, addresses: readonly string[]): RegistryError {
  if (addresses.every((address) => mayReach(address, 'private'))) return new PrivateAddressError(host);
  return new RegistryError(
    'E_DENIED',
    `${host} is at a link-local or metadata address, where no registry is.`,
  );
}
