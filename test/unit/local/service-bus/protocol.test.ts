import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseAddress } from '../../../../local/service-bus/addresses.ts';
import {
  guidFromBytes,
  guidFromDeliveryTag,
  guidToBytes,
  guidToDeliveryTag,
} from '../../../../local/service-bus/guid.ts';
import { SortedList } from '../../../../local/service-bus/sorted-list.ts';

describe('addresses', () => {
  test.each([
    ['jobs', { node: 'entity', entity: 'jobs' }],
    ['/Jobs/', { node: 'entity', entity: 'jobs' }],
    ['amqp://127.0.0.1:5672/jobs', { node: 'entity', entity: 'jobs' }],
    ['jobs/$DeadLetterQueue', { node: 'entity', entity: 'jobs/$deadletterqueue' }],
    ['team/jobs/$management', { node: 'management', entity: 'team/jobs' }],
    ['jobs/$DeadLetterQueue/$management', { node: 'management', entity: 'jobs/$deadletterqueue' }],
    ['$cbs', { node: 'cbs' }],
    ['', { node: 'entity', entity: '' }],
  ])('%s is understood', (address, expected) => {
    expect(parseAddress(address)).toEqual(expected);
  });
});

describe('lock tokens', () => {
  const guid = '00112233-4455-6677-8899-aabbccddeeff';

  test('have their first three groups reversed in a delivery tag', () => {
    expect(guidToDeliveryTag(guid).toString('hex')).toBe('33221100554477668899aabbccddeeff');
    expect(guidToBytes(guid).toString('hex')).toBe('00112233445566778899aabbccddeeff');
  });

  test('are the same read back from either form', () => {
    fc.assert(
      fc.property(fc.uuid(), (uuid) => {
        expect(guidFromBytes(guidToBytes(uuid))).toBe(uuid);
        const tag = guidToDeliveryTag(uuid);
        expect(guidFromDeliveryTag(tag)).toBe(uuid);
        expect(guidFromDeliveryTag(tag), 'reading must not change the tag').toBe(uuid);
      }),
    );
  });
});

test('a sorted list has its least item first, whatever was added and removed', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), fc.nat({ max: 30 }))), (changes) => {
      const list = new SortedList<number>((a, b) => a - b);
      const expected = new Set<number>();
      for (const [isAdded, item] of changes) {
        if (!isAdded) {
          list.remove(item);
          expected.delete(item);
        } else if (!expected.has(item)) {
          list.add(item);
          expected.add(item);
        }
        expect(list.first).toBe([...expected].sort((a, b) => a - b)[0]);
      }
    }),
  );
});
