import { expect, it } from 'vitest';
import { endpointOf } from '../../../../shared/registry/protocol/endpoint.ts';

it.each([
  ['ghcr.io', 'https://ghcr.io'],
  ['Acme.azurecr.io', 'https://acme.azurecr.io'],
  ['harbor.corp:5000', 'https://harbor.corp:5000'],
  ['harbor.corp:80', 'https://harbor.corp:80'],
  ['localhost', 'http://localhost'],
  ['localhost:5000', 'http://localhost:5000'],
  ['localhost:443', 'http://localhost:443'],
  ['registry.localhost:5000', 'http://registry.localhost:5000'],
  ['127.0.0.1:5000', 'http://127.0.0.1:5000'],
  ['127.9.9.9:5000', 'http://127.9.9.9:5000'],
  ['[::1]:5000', 'http://[::1]:5000'],
  ['[2001:db8::1]:5000', 'https://[2001:db8::1]:5000'],
  ['localhost.evil.example', 'https://localhost.evil.example'],
  ['127.0.0.1.nip.io', 'https://127.0.0.1.nip.io'],
  ['10.0.0.1:5000', 'https://10.0.0.1:5000'],
])('%s answers at %s', (registry, origin) => {
  expect(endpointOf(registry).origin).toBe(origin);
});

it.each([
  '',
  'https://ghcr.io',
  'user@ghcr.io',
  'ghcr.io/acme',
  'ghcr.io:99999',
  'a b',
  'x?y',
  'constructor#',
])('refuses "%s"', (registry) => {
  expect(() => endpointOf(registry)).toThrow(expect.objectContaining({ code: 'E_REFERENCE' }));
});

it.each([
  ['harbor.corp', true, 'http://harbor.corp'],
  ['harbor.corp:443', true, 'http://harbor.corp:443'],
  ['harbor.corp', false, 'https://harbor.corp'],
  ['localhost:5000', false, 'https://localhost:5000'],
])('%s with plainHttp %s is at %s', (registry, plainHttp, origin) => {
  expect(endpointOf(registry, plainHttp).origin).toBe(origin);
});
