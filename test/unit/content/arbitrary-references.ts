import fc from 'fast-check';
import { digestOf, type Reference } from '../../../shared/content/index.ts';

const word = fc.stringMatching(/^[a-z0-9]{1,8}$/);

const pathComponent = fc
  .array(fc.tuple(fc.constantFrom('.', '_', '__', '-', '--'), word), { maxLength: 2 })
  .chain((rest) => word.map((first) => first + rest.map(([joint, next]) => joint + next).join('')));

const repository = fc.array(pathComponent, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));

/** Hosts that docker takes for a host: with a dot, a port, an upper-case letter, brackets, or called localhost. */
const host = fc.oneof(
  fc.constantFrom(
    'localhost',
    'localhost:5000',
    '127.0.0.1:5000',
    '[::1]',
    '[2001:db8::1]:5000',
    'Registry',
    'ghcr.io',
  ),
  fc.tuple(word, word).map(([name, domain]) => `${name}.${domain}`),
  fc.tuple(word, fc.integer({ min: 1, max: 65535 })).map(([name, port]) => `${name}:${port}`),
);

export const tag = fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/);

export const digest = fc
  .tuple(fc.string(), fc.constantFrom('sha256' as const, 'sha512' as const))
  .map(([text, algorithm]) => digestOf(text, algorithm));

/** References in their full form, as `parseReference` gives them. */
export const reference: fc.Arbitrary<Reference> = fc
  .record(
    { registry: host, repository, tag, digest },
    { requiredKeys: ['registry', 'repository'], noNullPrototype: true },
  )
  .filter((value) => value.registry !== 'docker.io' && value.registry !== 'index.docker.io');
