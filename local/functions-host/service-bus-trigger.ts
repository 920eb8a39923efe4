import type {
  ProcessErrorArgs,
  ServiceBusClient,
  ServiceBusReceivedMessage,
  ServiceBusReceiver,
} from '@azure/service-bus';
import { createCredential, resolveConnection } from './connections.ts';
import { FunctionsHostError, messageOf } from './errors.ts';
import type { HostedFunction, TriggerInput } from './invocation.ts';
import { serviceBusInput } from './service-bus-input.ts';
import { expandSettings, type Settings } from './settings.ts';
import { connectionName, requiredOption, type Trigger, type TriggerHost } from './trigger.ts';

/** What the SDK would go on trying without end and without pause. */
const lasting = ['MessagingEntityNotFound', 'MessagingEntityDisabled', 'UnauthorizedAccess'];

/**
 * Runs a function for each message of a queue, in peek-lock mode: completed when the function succeeds, abandoned when
 * it throws, so that the broker counts deliveries and dead-letters after its maximum. Locks are renewed while the
 * function runs. Concurrency and renewal come from `extensions.serviceBus` of host.json.
 *
 * Queues with one message per invocation only: topics, sessions, `cardinality: 'many'` and SDK binding are refused.
 * `start` rejects when the queue cannot be reached.
 */
export function createServiceBusTrigger(fn: HostedFunction, host: TriggerHost): Trigger {
  refuseUnsupported(fn);
  const { settings, invoke, work, log } = host;
  const options = host.hostJson.extensions.serviceBus;
  const queueName = expandSettings(requiredOption(fn, 'queueName'), settings);
  const autoComplete = fn.trigger.autoCompleteMessages ?? options.autoCompleteMessages;
  let client: ServiceBusClient | undefined;
  let receiver: ServiceBusReceiver | undefined;
  let subscription: { close(): Promise<void> } | undefined;
  let isStopping = false;

  async function deliver(message: ServiceBusReceivedMessage, from: ServiceBusReceiver): Promise<void> {
    const reason = `New ServiceBus message detected on '${queueName}'`;
    try {
      await invoke(fn, serviceBusInput(message), { reason });
    } catch {
      await settle('abandon', message, () => from.abandonMessage(message));
      return;
    }
    if (autoComplete) await settle('complete', message, () => from.completeMessage(message));
  }

  /** A message that cannot be settled (its lock was lost) is redelivered: log it, and nothing else. */
  async function settle(
    verb: string,
    message: ServiceBusReceivedMessage,
    act: () => Promise<void>,
  ): Promise<void> {
    try {
      await act();
    } catch (error) {
      log(
        'warning',
        `Function.${fn.name}`,
        `Could not ${verb} message ${message.messageId}: ${messageOf(error)}`,
      );
    }
  }

  async function report({ error, errorSource }: ProcessErrorArgs): Promise<void> {
    // The SDK calls the end of a receiver that we close an error.
    if (isStopping) return;
    log('error', 'Host', `Service Bus queue ${queueName}, ${errorSource}: ${messageOf(error)}`);
    if (!('code' in error && lasting.includes(String(error.code)))) return;
    log('error', 'Host', `Function ${fn.name} no longer listens to the queue ${queueName}`);
    await subscription?.close();
  }

  return {
    start: async () => {
      client = await createClient(connectionName(fn), settings);
      const from = client.createReceiver(queueName, {
        receiveMode: 'peekLock',
        maxAutoLockRenewalDurationInMs: options.maxAutoLockRenewalDuration,
        skipParsingBodyAsJson: true,
      });
      receiver = from;
      await from.peekMessages(1);
      subscription = from.subscribe(
        {
          processMessage: (message) => work.track(deliver(message, from)),
          processError: report,
        },
        { autoCompleteMessages: false, maxConcurrentCalls: options.maxConcurrentCalls },
      );
    },
    stop: async () => {
      isStopping = true;
      await subscription?.close();
    },
    release: async () => {
      await receiver?.close();
      await client?.close();
    },
    inputByHand: async (data): Promise<TriggerInput> => ({
      data: { string: typeof data === 'string' ? data : JSON.stringify(data ?? '') },
    }),
  };
}

async function createClient(name: string | undefined, settings: Settings): Promise<ServiceBusClient> {
  const { ServiceBusClient } = await import('@azure/service-bus');
  const connection = resolveConnection(name, 'serviceBus', settings);
  return connection.kind === 'connectionString'
    ? new ServiceBusClient(connection.connectionString)
    : new ServiceBusClient(connection.address, await createCredential(connection.clientId));
}

function refuseUnsupported({ name, trigger }: HostedFunction): void {
  const unsupported = [
    trigger.topicName !== undefined && 'topics',
    trigger.isSessionsEnabled === true && 'sessions',
    trigger.cardinality === 'many' && "cardinality 'many'",
    trigger.sdkBinding === true && 'SDK binding',
  ].filter((what) => what !== false);
  if (unsupported.length === 0) return;
  throw new FunctionsHostError(
    'E_BINDING',
    `Function ${name} asks for ${unsupported.join(' and ')}, which the local host does not carry out for Service Bus: ` +
      'expected a queue with one message per invocation',
  );
}
