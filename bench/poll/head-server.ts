/**
 * A separate process that answers every HEAD of a manifest with the same digest, and as little else as possible. Sends its
 * port to the process that forked it and ends with it.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { OCI_INDEX } from '../../shared/content/index.ts';
import { SAME_DIGEST } from './watches.ts';

const server = createServer((request, response) => {
  if (request.method !== 'HEAD') {
    response.writeHead(404).end();
    return;
  }
  response.writeHead(200, {
    'content-type': OCI_INDEX,
    'content-length': '1024',
    'docker-content-digest': SAME_DIGEST,
  });
  response.end();
});
// Connections stay, also while the other candidate has its turn.
server.keepAliveTimeout = 600_000;
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
process.once('disconnect', () => process.exit(0));
