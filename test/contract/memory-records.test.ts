import { createMemoryRecords } from '../helpers/memory-records.ts';
import { describeRecords, type Note } from './describe-records.ts';

describeRecords('memory', () => createMemoryRecords<Note>());
