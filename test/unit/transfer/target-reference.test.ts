import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { digestOf, formatReference } from '../../../shared/content/index.ts';
import { targetReference } from '../../../shared/transfer/index.ts';

const REF_NAME = 'org.opencontainers.image.ref.name';
const CONTAINERD_NAME = 'io.containerd.image.name';
const TARGET = 'acme.azurecr.io';
const digest = digestOf('an artifact');

describe('where an artifact of an archive belongs', () => {
  it.each([
    ['ghcr.io/team/app:v1', 'x.tar', 'acme.azurecr.io/team/app:v1'],
    ['localhost:5000/app:v1', 'x.tar', 'acme.azurecr.io/app:v1'],
    ['docker.io/library/alpine:3.20', 'x.tar', 'acme.azurecr.io/library/alpine:3.20'],
    ['docker.io/alpine:3.20', 'x.tar', 'acme.azurecr.io/library/alpine:3.20'],
    ['team/app:v1', 'x.tar', 'acme.azurecr.io/team/app:v1'],
    ['app:v1', 'x.tar', 'acme.azurecr.io/app:v1'],
    ['v1', 'app.tar', 'acme.azurecr.io/app:v1'],
    ['latest', 'team/app.tar', 'acme.azurecr.io/team/app:latest'],
    ['3.20', 'alpine-3.20', 'acme.azurecr.io/alpine-3.20:3.20'],
    [`app:v1@sha256:${'0'.repeat(64)}`, 'x.tar', 'acme.azurecr.io/app:v1'],
    [`app@${digest}`, 'x.tar', `acme.azurecr.io/app@${digest}`],
    [`localhost:5000/team/app@${digest}`, 'x.tar', `acme.azurecr.io/team/app@${digest}`],
  ])('%s in %s goes to %s', (name, archive, expected) => {
    expect(
      formatReference(targetReference({ digest, annotations: { [REF_NAME]: name } }, archive, TARGET)),
    ).toBe(expected);
  });

  it('prefers the full name that containerd and docker save write beside the tag', () => {
    const annotations = { [REF_NAME]: '3.20', [CONTAINERD_NAME]: 'docker.io/library/alpine:3.20' };
    expect(formatReference(targetReference({ digest, annotations }, 'x.tar', TARGET))).toBe(
      'acme.azurecr.io/library/alpine:3.20',
    );
  });

  it.each([
    [undefined, 'app.tar', 'gives an artifact no name'],
    [{}, 'app.tar', 'gives an artifact no name'],
    [{ [REF_NAME]: '' }, 'app.tar', 'gives an artifact no name'],
    [{ [REF_NAME]: 'team/app' }, 'app.tar', '"team/app" names no tag'],
    [{ [REF_NAME]: 'Team/App:v1' }, 'app.tar', 'is not a reference'],
    [{ [REF_NAME]: 'v1' }, 'My App.tar', '"My App:v1" is not a reference'],
    [{ [REF_NAME]: `app@sha256:${'0'.repeat(64)}` }, 'app.tar', 'names another digest'],
  ])('says what it needs when given %j in %s', (annotations, archive, reason) => {
    const attempt = () => targetReference({ digest, annotations }, archive, TARGET);
    expect(attempt).toThrow(expect.objectContaining({ code: 'E_ARCHIVE_FORMAT' }));
    expect(attempt).toThrow(reason);
    expect(attempt).toThrow('Expected [HOST/]REPOSITORY:TAG');
  });

  it('always answers with the target registry, or fails with a format error', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.string({ minLength: 1 }), (name, archive) => {
        try {
          expect(
            targetReference({ digest, annotations: { [REF_NAME]: name } }, archive, TARGET).registry,
          ).toBe(TARGET);
        } catch (error) {
          expect(error).toMatchObject({ code: 'E_ARCHIVE_FORMAT' });
        }
      }),
    );
  });
});
