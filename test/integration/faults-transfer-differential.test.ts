import { describe } from 'vitest';
import { testTransferFaults } from '../helpers/transfer-faults.ts';

describe('an archive on top of another', () => {
  testTransferFaults({ base: true });
});
