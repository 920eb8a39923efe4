import { describe } from 'vitest';
import { testTransferFaults } from '../helpers/transfer-faults.ts';

describe('parts of an archive that are deleted once all are imported', () => {
  testTransferFaults({ partSize: 16_000, deletes: true });
});
