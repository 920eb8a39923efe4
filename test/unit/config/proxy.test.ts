import { expect, it } from 'vitest';
import { readProxySettings } from '../../../shared/config/index.ts';
import { ConfigError } from '../../../shared/errors.ts';

it('is read from the customary variables, lower case first', () => {
  expect(
    readProxySettings({
      HTTPS_PROXY: 'http://upper.corp:3128',
      https_proxy: 'http://jane:s3cret@lower.corp:3128',
      HTTP_PROXY: 'plain.corp:3128',
      NO_PROXY: 'corp, 10.0.0.0/8  .local,',
    }),
  ).toEqual({
    https: new URL('http://jane:s3cret@lower.corp:3128'),
    http: new URL('http://plain.corp:3128'),
    noProxy: ['corp', '10.0.0.0/8', '.local'],
  });
});

it('is none when nothing is set, or empty', () => {
  expect(readProxySettings({ HTTPS_PROXY: '', https_proxy: '' })).toEqual({
    https: undefined,
    http: undefined,
    noProxy: [],
  });
});

it.each(['socks5://jane:s3cret@proxy.corp', 'http://jane:s3cret%zz@proxy.corp', 'http://s3cret host/'])(
  'that cannot be used is refused by its variable, without its value: %s',
  (value) => {
    const read = () => readProxySettings({ HTTPS_PROXY: value, http_proxy: value });
    expect(read).toThrow(ConfigError);
    expect(read).toThrow(
      / {2}HTTPS_PROXY: expected the URL of an http or https proxy\n {2}http_proxy: expected/,
    );
    expect(read).not.toThrow(/s3cret/);
  },
);
