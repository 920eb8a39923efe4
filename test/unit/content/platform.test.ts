import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatPlatform, matchesPlatform, parsePlatform } from '../../../shared/content/index.ts';

const part = fc.stringMatching(/^[a-z0-9_.]{1,10}$/);
const platform = fc.record(
  { os: part, architecture: part, variant: part },
  { requiredKeys: ['os', 'architecture'], noNullPrototype: true },
);

describe('parsePlatform', () => {
  it.each([
    ['linux/amd64', { os: 'linux', architecture: 'amd64' }],
    ['linux/arm/v7', { os: 'linux', architecture: 'arm', variant: 'v7' }],
    ['windows/amd64', { os: 'windows', architecture: 'amd64' }],
  ])('reads %s', (text, expected) => {
    expect(parsePlatform(text)).toEqual(expected);
  });

  it.each([
    '',
    'linux',
    'linux/',
    '/amd64',
    'linux/arm/',
    'linux/arm/v7/x',
    'Linux/amd64',
    'linux/amd 64',
    'linux/amd64\n',
    'linux/*',
  ])('refuses %j', (text) => {
    expect(() => parsePlatform(text)).toThrow(expect.objectContaining({ code: 'E_PLATFORM' }));
  });

  it('gives back what formatPlatform wrote', () => {
    fc.assert(
      fc.property(platform, (value) => {
        expect(parsePlatform(formatPlatform(value))).toEqual(value);
      }),
    );
  });
});

describe('matchesPlatform', () => {
  it.each([
    ['linux/amd64', 'linux/amd64', true],
    ['linux/amd64', 'linux/amd64/v3', true],
    ['linux/arm64', 'linux/arm64', true],
    ['linux/arm64', 'linux/arm64/v8', true],
    ['linux/arm64/v8', 'linux/arm64', true],
    ['linux/arm64/v9', 'linux/arm64', false],
    ['linux/arm', 'linux/arm/v6', true],
    ['linux/arm/v7', 'linux/arm/v7', true],
    ['linux/arm/v7', 'linux/arm/v6', false],
    ['linux/arm/v7', 'linux/arm', false],
    ['linux/arm', 'linux/arm64', false],
    ['linux/amd64', 'windows/amd64', false],
    ['linux/amd64', 'unknown/unknown', false],
  ])('asked for %s, %s is right: %s', (wanted, actual, expected) => {
    expect(matchesPlatform(parsePlatform(wanted), parsePlatform(actual))).toBe(expected);
  });

  it('takes an empty variant for none', () => {
    const actual = { os: 'linux', architecture: 'arm64', variant: '' };
    expect(matchesPlatform(parsePlatform('linux/arm64/v8'), actual)).toBe(true);
  });

  it('holds for every platform and itself', () => {
    fc.assert(fc.property(platform, (value) => matchesPlatform(value, value)));
  });
});
