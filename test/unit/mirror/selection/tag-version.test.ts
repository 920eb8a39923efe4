import { describe, expect, it } from 'vitest';
import { parseTagVersion } from '../../../../shared/mirror/selection/index.ts';
import { compareVersions } from '../../../../shared/mirror/selection/version-order.ts';

/** `22.1.0 rc.1 r2 -alpine` for numbers, prerelease, revision and suffix. */
function read(tag: string, prefix?: string): string | undefined {
  const version = parseTagVersion(tag, prefix);
  if (!version) return undefined;
  const { numbers, isDate, prerelease, revision, suffix } = version;
  return [
    `${isDate ? 'date ' : ''}${numbers.join('.')}`,
    prerelease && [prerelease.word, ...prerelease.numbers].join('.'),
    revision.length > 0 ? `r${revision.join('.')}` : undefined,
    suffix || undefined,
  ]
    .filter((part) => part !== undefined)
    .join(' ');
}

describe('a tag as a version', () => {
  it.each([
    // node
    ['22', '22'],
    ['22.11.0-bookworm-slim', '22.11.0 -bookworm-slim'],
    ['22-alpine3.20', '22 -alpine3.20'],
    ['lts', undefined],
    ['jod-alpine', undefined],
    // python
    ['3.14.0a3-slim', '3.14.0 alpha.3 -slim'],
    ['3.13.0rc2-windowsservercore-ltsc2022', '3.13.0 rc.2 -windowsservercore-ltsc2022'],
    ['3.14-rc-bookworm', '3.14 rc -bookworm'],
    ['3.12.7-nanoserver-ltsc2022', '3.12.7 -nanoserver-ltsc2022'],
    // alpine
    ['3.20.3', '3.20.3'],
    ['3.21.0_rc1', '3.21.0 rc.1'],
    ['20240923', 'date 20240923'],
    ['edge', undefined],
    // ubuntu
    ['24.04', '24.4'],
    ['noble-20241015', undefined],
    // dotnet
    ['8.0-alpine3.20-amd64', '8.0 -alpine3.20-amd64'],
    ['9.0.0-preview.7-alpine3.20-amd64', '9.0.0 preview.7 -alpine3.20-amd64'],
    ['9.0.0-rc.1-noble-chiseled-extra', '9.0.0 rc.1 -noble-chiseled-extra'],
    ['8.0.11-1-bookworm-slim-amd64', '8.0.11 r1 -bookworm-slim-amd64'],
    ['9.0-preview', '9.0 preview'],
    // postgres
    ['17beta1', '17 beta.1'],
    ['17rc1-alpine3.20', '17 rc.1 -alpine3.20'],
    ['16.4-bookworm', '16.4 -bookworm'],
    // others
    ['v1.2.3', '1.2.3'],
    ['V2', '2'],
    ['1.2.3.4', '1.2.3.4'],
    ['1.2.3-rc.1', '1.2.3 rc.1'],
    ['1.2.3.dev1', '1.2.3 dev.1'],
    ['2.0.0-M1', '2.0.0 milestone.1'],
    ['1.2.3-SNAPSHOT', '1.2.3 snapshot'],
    ['24-ea-27-jdk-slim', '24 ea.27 -jdk-slim'],
    ['21.0.5_11-jre-alpine', '21.0.5 r11 -jre-alpine'],
    ['16.4.0-debian-12-r5', '16.4.0 r5 -debian-12'],
    ['1.2.3-ls45', '1.2.3 r45'],
    ['26.0.5.Final', '26.0.5 .Final'],
    ['2024.01.15', '2024.1.15'],
    ['2024-01-15', 'date 20240115'],
    ['20240115.2', 'date 20240115.2'],
    ['202401151230-slim', 'date 20240115.1230 -slim'],
    ['20241399', '20241399'],
    ['1.2.3.4.5.6.7', undefined],
    ['22abc', undefined],
    ['3b18e512', undefined],
    ['1234567890123456', undefined],
    ['22-', undefined],
    ['v', undefined],
  ])('%s reads as %s', (tag, expected) => {
    expect(read(tag)).toBe(expected);
  });

  it('begins after a prefix where one is asked for, and only there', () => {
    expect(read('release-1.2.3-alpine', 'release-')).toBe('1.2.3 -alpine');
    expect(read('noble-20241015', 'noble-')).toBe('date 20241015');
    expect(read('1.2.3', 'release-')).toBeUndefined();
    expect(read('v1.2.3', 'v')).toBe('1.2.3');
    expect(read('1.2.3', 'v')).toBeUndefined();
  });

  it.each([
    ['20240115', '20240115.2', '20240116', '1.0', '3.9', '3.10', '3.10.1', '2024.01.15', '2024.2.1'],
    [
      '1.0-nightly',
      '1.0-alpha',
      '1.0-alpha.2',
      '1.0-beta.2',
      '1.0-beta.10',
      '1.0-preview.1',
      '1.0-rc.1',
      '1.0',
      '1.0-1',
      '1.0.1',
    ],
    ['10.0.17763.9', '10.0.17763.10', '10.0.20348.1'],
    ['17beta1', '17rc1', '17', '17.0', '17.1'],
    ['22.04', '22.10', '23.04', '24.04', '24.04.1'],
    ['21.0.5_9', '21.0.5_11', '21.0.6_1'],
    ['9.0.0-preview.7.24405.7', '9.0.0-preview.7.24405.12', '9.0.0-rc.1.24431.7', '9.0.0'],
  ])('comes in order: %s < %s < …', (...tags) => {
    const versions = tags.map((tag) => parseTagVersion(tag)).filter((version) => version !== undefined);
    expect(versions).toHaveLength(tags.length);
    for (const [at, version] of versions.entries()) {
      for (const [other, next] of versions.entries()) {
        expect(Math.sign(compareVersions(version, next))).toBe(Math.sign(at - other));
      }
    }
  });
});
