import type { BrokerQueue } from '../../recovery/index.ts';
import type { Ports } from '../ports.ts';
import type { Probe } from '../readiness.ts';

/** A clock that differs by more makes leases end early or late, and requests to storage are refused at 15 minutes. */
const MAX_SKEW_MS = 30_000;
const MAX_COUNTED = 1_000;

/** What is checked for a person beyond readiness: dead letters that stay, and the clock. */
export function diagnosticProbes({
  clock,
  queues,
  serverTime,
}: Pick<Ports, 'clock' | 'queues' | 'serverTime'>): Readonly<Record<string, Probe>> {
  return {
    'dead letters of imports': noDeadLetters(queues.imports),
    'dead letters of polls': noDeadLetters(queues.polls),
    'dead letters of transfers': noDeadLetters(queues.transfers),
    clock: async (signal) => {
      const skewMs = clock.now().getTime() - (await serverTime(signal)).getTime();
      if (Math.abs(skewMs) <= MAX_SKEW_MS) return;
      const how = skewMs > 0 ? 'ahead of' : 'behind';
      throw new Error(
        `The clock of this machine is ${Math.round(Math.abs(skewMs) / 1000)} s ${how} that of Azure Storage. Synchronize it (NTP).`,
      );
    },
  };
}

function noDeadLetters(queue: Pick<BrokerQueue, 'peekDeadLetters'>): Probe {
  return async (signal) => {
    const { messages, isComplete } = await queue.peekDeadLetters(MAX_COUNTED, signal);
    if (messages.length === 0) return;
    throw new Error(
      `Service Bus gave up ${messages.length}${isComplete ? '' : ' or more'} messages. The timer sweepDeadLetters takes them back within a minute: if the number does not fall, look for its errors in the log.`,
    );
  };
}
