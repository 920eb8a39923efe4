import { isIPv4 } from 'node:net';

/** Whether a host, as `URL.hostname` has it, is this machine whatever the resolver says: `localhost`, 127.0.0.0/8, `[::1]`. */
export function isThisMachine(hostname: string): boolean {
  return (
    hostname === 'localhost' || hostname === '[::1]' || (isIPv4(hostname) && hostname.startsWith('127.'))
  );
}

/**
 * The hosts above and `*.localhost`, which RFC 6761 reserves for this machine. For registries, whose names people choose for
 * a test set-up. Not for storage, whose SAS tokens are in every URL: some resolvers ask the network for `*.localhost`.
 */
export function isLoopbackHost(hostname: string): boolean {
  return isThisMachine(hostname) || hostname.endsWith('.localhost');
}
