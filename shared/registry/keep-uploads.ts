import type { UploadSessions } from '../content/index.ts';
import type { RegistryClient } from './client.ts';

/** The client's repositories, into which large uploads are written down so that they survive their worker. */
export function keepUploads(
  registry: Pick<RegistryClient, 'repository'>,
  sessions: UploadSessions,
): RegistryClient['repository'] {
  return (name, options) => {
    const repository = registry.repository(name, options);
    return {
      ...repository,
      pushBlob: (blob, open, push) => repository.pushBlob(blob, open, { ...push, sessions }),
    };
  };
}
