export type { Archive, ArchiveArtifact } from './archive.ts';
export { type ArchiveSetOptions, openArchiveSet } from './archive-set.ts';
export type { ArchiveSource } from './archive-source.ts';
export { artifactName, CONTAINERD_NAME_ANNOTATION } from './artifact-name.ts';
export {
  CATALOG_FILE,
  CATALOG_SIGNATURE_FILE,
  type Catalog,
  type CatalogArtifact,
  type CatalogBlob,
  type CatalogReferrer,
  catalogId,
  encodeCatalog,
  inCatalogOrder,
  MAX_PARTS,
} from './catalog.ts';
export {
  type CatalogSigner,
  createCatalogSigner,
  readTrustedKey,
  type TrustedKey,
  verifyCatalog,
} from './catalog-signature.ts';
export { openLocalFile } from './local-file.ts';
export { openArchive } from './open-archive.ts';
export { namesOfParts, partName } from './part-name.ts';
export type { RandomAccessFile } from './random-access.ts';
export { readCatalog } from './read-catalog.ts';
export { memberBytes, paddingBytes, TRAILER_BYTES, tarHeader } from './tar-format.ts';
