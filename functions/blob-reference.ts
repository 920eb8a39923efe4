import { z } from 'zod';
import extensions from './extensions-base.cjs';

/** Names a blob without its bytes, so that an archive of any size can be read by range. */
export interface BlobReference {
  readonly container: string;
  readonly name: string;
}

const SOURCE = 'AzureStorageBlobs';
const bindingSchema = z.object({ ContainerName: z.string().min(1), BlobName: z.string().min(1) });

/**
 * Makes blob triggers with `sdkBinding: true` hand over a `BlobReference`. The host then sends only
 * `{ Connection, ContainerName, BlobName }`; without a factory for it the whole blob would be buffered.
 */
export function registerBlobReferences(): void {
  const resolver = extensions.ResourceFactoryResolver.getInstance();
  if (resolver.hasResourceFactory(SOURCE)) return;
  resolver.registerResourceFactory(SOURCE, (binding) => {
    const data = Array.isArray(binding) ? binding[0] : binding;
    return toBlobReference(data?.content);
  });
}

export function toBlobReference(content: Uint8Array | null | undefined): BlobReference {
  const { ContainerName, BlobName } = bindingSchema.parse(
    JSON.parse(new TextDecoder().decode(content ?? undefined)),
  );
  return { container: ContainerName, name: BlobName };
}
