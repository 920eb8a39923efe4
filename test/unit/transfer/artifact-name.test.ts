import { describe, expect, it } from 'vitest';
import { artifactName } from '../../../shared/transfer/archive/artifact-name.ts';

const REF_NAME = 'org.opencontainers.image.ref.name';
const CONTAINERD_NAME = 'io.containerd.image.name';

describe('the name of an artifact in an archive', () => {
  it.each([
    ['no annotations', undefined, undefined],
    ['other annotations only', { title: 'app' }, undefined],
    ['a tag, as skopeo and oras write it', { [REF_NAME]: '22' }, '22'],
    ['a full reference in ref.name', { [REF_NAME]: 'ghcr.io/team/app:v1' }, 'ghcr.io/team/app:v1'],
    [
      'both, as containerd and docker save write them',
      { [REF_NAME]: '22', [CONTAINERD_NAME]: 'docker.io/library/node:22' },
      'docker.io/library/node:22',
    ],
    ['an empty containerd name beside a tag', { [REF_NAME]: '22', [CONTAINERD_NAME]: '' }, '22'],
    ['a containerd name beside an empty tag', { [REF_NAME]: '', [CONTAINERD_NAME]: 'app:v1' }, 'app:v1'],
    ['only empty names', { [REF_NAME]: '', [CONTAINERD_NAME]: '' }, undefined],
  ])('is read from %s', (_, annotations, expected) => {
    expect(artifactName(annotations)).toBe(expected);
  });
});
