import type { ServiceBusClient, ServiceBusSender } from '@azure/service-bus';
import { lazy } from '../lazy.ts';

export interface ServiceBusQueueOptions {
  /** Owned by the caller: it stays open when what is made from it is closed. */
  readonly client: () => Promise<ServiceBusClient>;
  readonly queueName: string;
}

/** A sender that is made when first needed. Closing is final, as with the SDK's own. */
export function lazySender({ client, queueName }: ServiceBusQueueOptions): {
  sender(): Promise<ServiceBusSender>;
  close(): Promise<void>;
} {
  let opened: ServiceBusSender | undefined;
  return {
    sender: lazy(async () => {
      opened = (await client()).createSender(queueName);
      return opened;
    }),
    close: async () => opened?.close(),
  };
}
