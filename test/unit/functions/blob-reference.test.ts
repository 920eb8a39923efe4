import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { registerBlobReferences, toBlobReference } from '../../../functions/blob-reference.ts';
import extensions from '../../../functions/extensions-base.cjs';
import { InvalidInputError } from '../../../shared/errors.ts';

const bytes = (text: string) => Buffer.from(text);
const binding = (content: object) => ({
  source: 'AzureStorageBlobs',
  contentType: 'application/json',
  content: bytes(JSON.stringify(content)),
});

describe('a blob reference', () => {
  it('names container and blob, and leaves out the connection', () => {
    const content = { Connection: 'AzureWebJobsStorage', ContainerName: 'transfer', BlobName: 'a/ü b.tar' };
    expect(toBlobReference(bytes(JSON.stringify(content)))).toEqual({
      container: 'transfer',
      name: 'a/ü b.tar',
    });
  });

  it.each([
    ['nothing', undefined],
    ['null', null],
    ['no bytes', bytes('')],
    ['text that is not JSON', bytes('transfer/secret.tar')],
    ['JSON of another shape', bytes('["transfer","secret.tar"]')],
    ['JSON null', bytes('null')],
    ['a blob without a name', bytes('{"ContainerName":"secret","BlobName":""}')],
    ['a name that is no text', bytes('{"ContainerName":"secret","BlobName":7}')],
    ['bytes that are not UTF-8', Uint8Array.of(0x7b, 0xff, 0xfe)],
  ])('made from %s is refused with what was expected, quoting nothing', (_, content) => {
    const parse = () => toBlobReference(content);
    expect(parse).toThrow(InvalidInputError);
    expect(parse).toThrow(/Expected the JSON \{ "ContainerName": …, "BlobName": … \}/);
    expect(parse).not.toThrow(/secret/);
  });

  it('is made or refused, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), fc.json().map(bytes)), (content) => {
        try {
          const { container, name } = toBlobReference(content);
          return container !== '' && name !== '';
        } catch (error) {
          return error instanceof InvalidInputError;
        }
      }),
    );
  });
});

describe('the factory of blob references', () => {
  it('is registered once, in the registry that @azure/functions asks, and takes one binding or a list', () => {
    registerBlobReferences();
    registerBlobReferences();
    const resolver = extensions.ResourceFactoryResolver.getInstance();
    const data = binding({ ContainerName: 'transfer', BlobName: 'app.tar' });
    const expected = { container: 'transfer', name: 'app.tar' };
    expect(resolver.createClient('AzureStorageBlobs', data)).toEqual(expected);
    expect(resolver.createClient('AzureStorageBlobs', [data])).toEqual(expected);
    expect(() => resolver.createClient('AzureStorageBlobs', [])).toThrow(/described the blob/);
  });
});
