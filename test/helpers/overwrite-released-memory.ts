import { subscribe } from 'node:diagnostics_channel';

/** Released memory is overwritten, so that bytes that are used after their release are wrong and fail their digest. */
subscribe('longshore:released-memory', (bytes) => {
  if (bytes instanceof Uint8Array) bytes.fill(0xdb);
});
