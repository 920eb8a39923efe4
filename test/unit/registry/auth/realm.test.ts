import { expect, it } from 'vitest';
import { parseRealm } from '../../../../shared/registry/auth/realm.ts';

const hub = { name: 'docker.io', origin: new URL('https://registry-1.docker.io') };
const local = { name: 'localhost:5000', origin: new URL('http://localhost:5000') };
const plain = { name: 'harbor.corp', origin: new URL('http://harbor.corp') };

it.each([
  [hub, 'https://auth.docker.io/token'],
  [hub, 'https://auth.docker.io/token?offline=1'],
  [local, 'http://127.0.0.1:5001/token'],
  [local, 'https://auth.example.com/token'],
  [plain, 'http://harbor.corp:8080/service/token'],
])('%o may have its token server at %s', (registry, realm) => {
  expect(parseRealm(realm, registry).href).toBe(realm);
});

it.each([
  [hub, 'http://auth.docker.io/token'],
  [hub, 'http://localhost/token'],
  [local, 'http://auth.example.com/token'],
  [plain, 'http://auth.corp/token'],
  [plain, 'http://localhost/token'],
  [hub, 'https://user:pass@auth.docker.io/token'],
  [hub, '/token'],
  [hub, 'file:///etc/passwd'],
  [hub, ''],
])('%o may not send credentials to %s', (registry, realm) => {
  expect(() => parseRealm(realm, registry)).toThrow(expect.objectContaining({ code: 'E_PROTOCOL' }));
});
