import { describe, expect, it } from 'vitest';
import {
  DOCKER_MANIFEST,
  DOCKER_MANIFEST_LIST,
  isIndexType,
  isManifestType,
  isNonDistributable,
  isSchema1Type,
  MANIFEST_ACCEPT,
  OCI_ARTIFACT,
  OCI_INDEX,
  OCI_LAYER_GZIP,
  OCI_MANIFEST,
} from '../../../shared/content/index.ts';

describe('media types', () => {
  it.each([
    [OCI_INDEX, { index: true, manifest: false }],
    [DOCKER_MANIFEST_LIST, { index: true, manifest: false }],
    [OCI_MANIFEST, { index: false, manifest: true }],
    [DOCKER_MANIFEST, { index: false, manifest: true }],
    [OCI_ARTIFACT, { index: false, manifest: true }],
    [OCI_LAYER_GZIP, { index: false, manifest: false }],
    ['application/vnd.docker.distribution.manifest.v1+json', { index: false, manifest: false }],
  ])('%s is the type of %j', (mediaType, { index, manifest }) => {
    expect(isIndexType(mediaType)).toBe(index);
    expect(isManifestType(mediaType)).toBe(manifest);
  });

  it('asks for every type it reads by name, and for no schema 1', () => {
    const named = [OCI_INDEX, DOCKER_MANIFEST_LIST, OCI_MANIFEST, DOCKER_MANIFEST, OCI_ARTIFACT];
    expect(MANIFEST_ACCEPT).toEqual(expect.arrayContaining(named));
    expect(MANIFEST_ACCEPT.some(isSchema1Type)).toBe(false);
  });

  it.each([
    ['application/vnd.oci.image.layer.nondistributable.v1.tar', true],
    ['application/vnd.oci.image.layer.nondistributable.v1.tar+gzip', true],
    ['application/vnd.docker.image.rootfs.foreign.diff.tar.gzip', true],
    ['application/vnd.docker.image.rootfs.diff.tar.gzip', false],
    [OCI_LAYER_GZIP, false],
  ])('layers of type %s are held elsewhere: %s', (mediaType, expected) => {
    expect(isNonDistributable(mediaType)).toBe(expected);
  });
});
