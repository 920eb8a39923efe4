import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nextPage, uploadLocation, withDigest } from '../../../../shared/registry/protocol/location.ts';

const registry = new URL('https://harbor.corp:8443');
const base = new URL('https://harbor.corp:8443/v2/acme/app/blobs/uploads/');
const protocolError = expect.objectContaining({ code: 'E_PROTOCOL' });

describe('uploadLocation', () => {
  it.each([
    [
      '/v2/acme/app/blobs/uploads/1?_state=a%2Fb==',
      'https://harbor.corp:8443/v2/acme/app/blobs/uploads/1?_state=a%2Fb==',
    ],
    ['1', 'https://harbor.corp:8443/v2/acme/app/blobs/uploads/1'],
    ['https://storage.example/u?sig=x', 'https://storage.example/u?sig=x'],
    ['http://harbor.corp/v2/u?s=1', 'https://harbor.corp:8443/v2/u?s=1'],
  ])('takes %s', (header, url) => {
    expect(uploadLocation(header, base, registry).href).toBe(url);
  });

  it.each([undefined, 'http://other.example/u', 'ftp://harbor.corp/u', 'http://['])(
    'refuses %s',
    (header) => {
      expect(() => uploadLocation(header, base, registry)).toThrow(protocolError);
    },
  );

  it('gets the digest added without its own query being rewritten', () => {
    const digest = 'sha256:ab';
    expect(withDigest(new URL('https://r/u?_state=a+b%20c~'), digest).search).toBe(
      '?_state=a+b%20c~&digest=sha256%3Aab',
    );
    expect(withDigest(new URL('https://r/u'), digest).search).toBe('?digest=sha256%3Aab');
  });
});

describe('nextPage', () => {
  const page = new URL('https://harbor.corp:8443/v2/acme/app/tags/list?n=1000');

  it.each([
    '</v2/acme/app/tags/list?last=z&n=1000>; rel="next"',
    '<https://harbor.corp:8443/v2/acme/app/tags/list?last=z&n=1000>; rel=next',
    '<http://harbor.corp/v2/acme/app/tags/list?last=z&n=1000>;rel="next"',
    '</first>; rel="first", </v2/acme/app/tags/list?last=z&n=1000>; title="a, b"; rel="prefetch next"',
  ])('follows %s', (line) => {
    expect(nextPage([line], page, registry)?.href).toBe(
      'https://harbor.corp:8443/v2/acme/app/tags/list?last=z&n=1000',
    );
  });

  it.each(['', '</x>; rel="prev"', '</x>', 'rel="next"', '</x>; rel="nextish"'])('ends at "%s"', (line) => {
    expect(nextPage([line], page, registry)).toBeUndefined();
  });

  it.each(['<https://evil.example/x>; rel="next"', '<//evil.example/x>; rel="next"', '<http://[>; rel=next'])(
    'does not leave the registry for %s',
    (line) => {
      expect(() => nextPage([line], page, registry)).toThrow(protocolError);
    },
  );

  it('survives any header', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('<', '>', ';', '"', '\\', ' rel=', 'next', ',', '/') }),
        (line) => {
          try {
            const url = nextPage([line], page, registry);
            if (url) expect(url.origin).toBe(registry.origin);
          } catch (error) {
            expect(error).toEqual(protocolError);
          }
        },
      ),
    );
  });
});
