import type { DemoBlob, DemoContent } from './content.ts';
import { RegistrySession, type SessionOptions } from './registry-session.ts';

/**
 * Pushes content to a registry: only what is missing, and children before parents.
 * @param url of the registry, for example `http://127.0.0.1:5000`
 * @param tags for the root; without any it is pushed under its digest
 * @throws Error when the registry refuses something
 */
export async function pushContent(
  url: string,
  repository: string,
  tags: readonly string[],
  content: DemoContent,
  options: SessionOptions = {},
): Promise<void> {
  const session = new RegistrySession(options);
  const base = new URL(`/v2/${repository}/`, url);
  for (const blob of content.blobs) await pushBlob(session, base, blob);
  for (const { bytes, mediaType, digest } of content.manifests) {
    const references = digest === content.root.digest && tags.length > 0 ? tags : [digest];
    for (const reference of references) {
      const location = new URL(`manifests/${reference}`, base);
      await session.send('PUT', location, [201], { body: bytes, contentType: mediaType });
    }
  }
}

async function pushBlob(session: RegistrySession, base: URL, { descriptor, bytes }: DemoBlob): Promise<void> {
  const present = await session.send('HEAD', new URL(`blobs/${descriptor.digest}`, base), [200, 404]);
  if (present.status === 200) return;
  const started = await session.send('POST', new URL('blobs/uploads/', base), [202]);
  const location = new URL(started.headers.get('location') ?? '', base);
  location.searchParams.set('digest', descriptor.digest);
  await session.send('PUT', location, [201], { body: bytes, contentType: 'application/octet-stream' });
}
