import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { scriptedServer } from './scripted-server.ts';

const SERVICE = 'registry';
const ISSUER = 'tests';

export interface TokenServer {
  /** The scopes of each request so far, joined by spaces. */
  readonly scopes: readonly string[];
  /** The `auth:` section of a distribution registry that trusts this server. */
  readonly auth: object;
}

/**
 * A token server (distribution's token specification) that grants what is asked, as far as `allowed`.
 * @param login who gets tokens; default: everybody
 */
export async function tokenServer(
  allowed: readonly string[] = ['pull', 'push', 'delete'],
  login?: { readonly username: string; readonly password: string },
): Promise<TokenServer> {
  const folder = await mkdtemp(join(tmpdir(), 'longshore-tokens-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const rootcertbundle = join(folder, 'trusted.pem');
  await writeFile(rootcertbundle, selfSigned(publicKey, privateKey));
  const scopes: string[] = [];
  const basic = login && `Basic ${Buffer.from(`${login.username}:${login.password}`).toString('base64')}`;
  const server = await scriptedServer(({ query, headers }) => {
    if (basic !== undefined && headers.authorization !== basic) return { status: 401 };
    const asked = query.getAll('scope');
    scopes.push(asked.join(' '));
    // Without `expires_in`, as many do: the token itself says how long it lives.
    return { body: { token: createToken(asked, allowed, publicKey, privateKey) } };
  });
  return {
    scopes,
    auth: { token: { realm: `${server.url}/token`, service: SERVICE, issuer: ISSUER, rootcertbundle } },
  };
}

function createToken(
  scopes: readonly string[],
  allowed: readonly string[],
  publicKey: KeyObject,
  privateKey: KeyObject,
): string {
  const access = scopes.map((scope) => {
    const [type, name, actions = ''] = scope.split(':');
    return { type, name, actions: actions.split(',').filter((action) => allowed.includes(action)) };
  });
  const now = Math.floor(Date.now() / 1000);
  const header = { typ: 'JWT', alg: 'ES256', kid: keyId(publicKey) };
  const claims = { iss: ISSUER, sub: 'jane', aud: SERVICE, exp: now + 300, nbf: now - 5, jti: '1', access };
  const signed = [header, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  const signature = sign('sha256', Buffer.from(signed), { key: privateKey, dsaEncoding: 'ieee-p1363' });
  return `${signed}.${signature.toString('base64url')}`;
}

/** A key's name as libtrust makes it: base32 of 240 bits of the SHA-256 of its DER form, in groups of four. */
function keyId(key: KeyObject): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const hash = createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest();
  const bits = [...hash.subarray(0, 30)].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  const text = (bits.match(/.{5}/g) ?? []).map((group) => alphabet[Number.parseInt(group, 2)]).join('');
  return (text.match(/.{4}/g) ?? []).join(':');
}

/** The smallest X.509 certificate (RFC 5280) that carries a key: the registry takes keys in no other form. */
function selfSigned(publicKey: KeyObject, privateKey: KeyObject): string {
  const sequence = (...parts: Uint8Array[]) => der(0x30, ...parts);
  const ecdsaWithSha256 = sequence(der(0x06, Buffer.from('2a8648ce3d040302', 'hex')));
  const nobody = sequence();
  const time = (text: string) => der(0x18, Buffer.from(text));
  const body = sequence(
    der(0x02, Buffer.from([1])),
    ecdsaWithSha256,
    nobody,
    sequence(time('20200101000000Z'), time('20991231235959Z')),
    nobody,
    publicKey.export({ type: 'spki', format: 'der' }),
  );
  const signature = der(0x03, Buffer.from([0]), sign('sha256', body, privateKey));
  const base64 = sequence(body, ecdsaWithSha256, signature).toString('base64');
  return `-----BEGIN CERTIFICATE-----\n${(base64.match(/.{1,64}/g) ?? []).join('\n')}\n-----END CERTIFICATE-----\n`;
}

/** One DER value: tag, length, contents. */
function der(tag: number, ...parts: Uint8Array[]): Buffer {
  const contents = Buffer.concat(parts);
  const { length } = contents;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), contents]);
}
