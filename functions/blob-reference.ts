import * as z from 'zod';
import { InvalidInputError } from '../shared/errors.ts';
import extensions from './extensions-base.cjs';

/** Names a blob without its bytes, so that an archive of any size can be read by range. */
export interface BlobReference {
  readonly container: string;
  readonly name: string;
}

const SOURCE = 'AzureStorageBlobs';
const bindingSchema = z.object({ ContainerName: z.string().min(1), BlobName: z.string().min(1) });

/**
 * Makes blob triggers with `sdkBinding: true` pass a `BlobReference`. The host then sends only
 * `{ Connection, ContainerName, BlobName }`; without a factory for it the whole blob would be buffered.
 */
export function registerBlobReferences(): void {
  const resolver = extensions.ResourceFactoryResolver.getInstance();
  if (resolver.hasResourceFactory(SOURCE)) return;
  resolver.registerResourceFactory(SOURCE, (binding) => {
    const [data] = [binding].flat();
    return toBlobReference(data?.content);
  });
}

/** @throws InvalidInputError `E_ARGUMENT` for content that does not name a container and a blob; quotes none of it. */
export function toBlobReference(content: Uint8Array | null | undefined): BlobReference {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(content ?? undefined);
    const { ContainerName, BlobName } = bindingSchema.parse(JSON.parse(text));
    return { container: ContainerName, name: BlobName };
  } catch {
    throw new InvalidInputError(
      'E_ARGUMENT',
      'The host described the blob in a way that cannot be read. Expected the JSON { "ContainerName": …, "BlobName": … }; check that the extension bundle in host.json is 4.x.',
    );
  }
}
