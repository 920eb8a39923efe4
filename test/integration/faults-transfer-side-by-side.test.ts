import { describe } from 'vitest';
import { testTransfersSideBySide } from '../helpers/transfer-faults.ts';

describe('an archive that is deleted once it is imported', () => {
  testTransfersSideBySide({ deletes: true }, 15);
});

describe('parts of an archive that are deleted once all are imported', () => {
  testTransfersSideBySide({ partSize: 16_000, deletes: true }, 25);
});
