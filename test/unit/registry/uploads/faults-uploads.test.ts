import { expect, it } from 'vitest';
import { digestOf } from '../../../../shared/content/index.ts';
import { scriptedServer } from '../../../helpers/scripted-server.ts';
import { bytesOf, failureOf, testRepository } from '../client-under-test.ts';

const BLOB = { digest: digestOf('hello'), size: 5 };
const hello = async () => bytesOf('hello');
const GONE = { status: 404, body: { errors: [{ code: 'BLOB_UPLOAD_UNKNOWN' }] } };
const BEGUN = { status: 202, headers: { location: '/upload' } };

it('an upload whose last answer was lost is found before it is given up', async () => {
  let puts = 0;
  const server = await scriptedServer(({ method }) => {
    if (method === 'HEAD') return { status: puts === 4 ? 200 : 404 };
    if (method === 'POST') return BEGUN;
    if (method !== 'PUT') return { status: 204 };
    puts += 1;
    return (response) => void response.destroy();
  });
  expect(await testRepository(server).pushBlob(BLOB, hello)).toBe('uploaded');
  expect(puts).toBe(4);
});

it('an upload whose session is gone each time is no missing image', async () => {
  const server = await scriptedServer(({ method }) => {
    if (method === 'POST') return BEGUN;
    return method === 'PUT' ? GONE : { status: 404 };
  });
  expect(await failureOf(testRepository(server).pushBlob(BLOB, hello))).toMatchObject({
    code: 'E_UNAVAILABLE',
    registryCodes: ['BLOB_UPLOAD_UNKNOWN'],
  });
});

it('an upload shares one budget between its requests', async () => {
  const server = await scriptedServer(({ method }, index) => {
    if (method === 'HEAD') return { status: 404 };
    if (method === 'POST') return index === 1 || index === 2 ? { status: 502 } : BEGUN;
    return method === 'PUT' ? { status: 500 } : { status: 204 };
  });
  expect(await failureOf(testRepository(server).pushBlob(BLOB, hello))).toMatchObject({
    code: 'E_UNAVAILABLE',
  });
  expect(server.log.filter((line) => line.startsWith('PUT'))).toHaveLength(2);
});
