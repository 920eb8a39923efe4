import { describeError } from '../shared/errors.ts';

/**
 * Starts a service on its usual ports or, when one of them is taken, on any free ones. Only listening tells whether a
 * port is free, so the service itself finds out.
 * @param start is given all of `customary`, or nothing.
 */
export async function onCustomaryPorts<Ports extends object, Service>(
  customary: Ports,
  start: (ports: Partial<Ports>) => Promise<Service>,
): Promise<Service> {
  try {
    return await start(customary);
  } catch (error) {
    if (!describeError(error).includes('EADDRINUSE')) throw error;
    return start({});
  }
}
