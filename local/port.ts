import { once } from 'node:events';
import { createServer } from 'node:net';

const LOOPBACK = '127.0.0.1';

/** The port where people expect a service if it is free, otherwise 0, which stands for any free one. */
export async function preferPort(port: number): Promise<number> {
  const server = createServer();
  try {
    server.listen(port, LOOPBACK);
    await once(server, 'listening');
    return port;
  } catch {
    return 0;
  } finally {
    if (server.listening) {
      server.close();
      await once(server, 'close');
    }
  }
}
