import { describe } from 'vitest';
import { testTransferFaults } from '../helpers/transfer-faults.ts';

describe('an archive that is deleted once it is imported', () => {
  testTransferFaults({ deletes: true });
});
