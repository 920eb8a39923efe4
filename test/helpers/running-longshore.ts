import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  ServiceBusClient,
  type ServiceBusMessage,
  type ServiceBusReceivedMessage,
  type ServiceBusReceiver,
  type ServiceBusReceiverOptions,
  type ServiceBusSender,
} from '@azure/service-bus';
import { expect } from 'vitest';
import { demoConfiguration } from '../../local/demo-configuration.ts';
import type { DemoContent } from '../../local/demo-content/index.ts';
import type { FunctionsProcess } from '../../local/functions-process.ts';
import type { AnsweredRequest } from '../../local/registry/index.ts';
import { type Stack, type StackOptions, startStack } from '../../local/stack.ts';
import { type App, loadApp } from '../../shared/app/index.ts';
import type { ImportJob, JobRecord } from '../../shared/imports/index.ts';
import { createRegistryClient, type RegistryClient } from '../../shared/registry/index.ts';
import { newStorageAccount } from './azurite.ts';

/** How long something that should happen is waited for, in milliseconds. */
const SOON = { timeout: 30_000, interval: 100 };
const QUEUE = 'imports';

/**
 * Longshore as it runs: real queues, storage and registries, the Functions host as a process of its own. What the tests
 * ask of it they ask as an operator would: through the Azure SDK, the registry client and the job records.
 */
export class RunningLongshore {
  readonly stack: Stack;
  readonly #services: AsyncDisposableStack;
  readonly #bus: ServiceBusClient;
  readonly #sender: ServiceBusSender;
  readonly #deadLetters: ServiceBusReceiver;
  readonly #registry: RegistryClient;
  readonly #app: App;
  readonly #targetRequests: readonly AnsweredRequest[];
  #functions: FunctionsProcess;

  private constructor(
    stack: Stack,
    functions: FunctionsProcess,
    app: App,
    targetRequests: readonly AnsweredRequest[],
    services: AsyncDisposableStack,
  ) {
    this.stack = stack;
    this.#functions = functions;
    this.#app = app;
    this.#services = services;
    this.#targetRequests = targetRequests;
    this.#bus = new ServiceBusClient(stack.settings.ServiceBus ?? '');
    this.#sender = this.#bus.createSender(QUEUE);
    this.#deadLetters = this.#bus.createReceiver(`${QUEUE}-set-aside`, { receiveMode: 'receiveAndDelete' });
    this.#registry = createRegistryClient({
      credentials: { credentialsFor: async () => ({ kind: 'password', ...stack.login }) },
    });
  }

  static async start(options: Partial<StackOptions> = {}): Promise<RunningLongshore> {
    const folder = await mkdtemp(path.join(tmpdir(), 'longshore-e2e-'));
    const requests: AnsweredRequest[] = [];
    await using started = new AsyncDisposableStack();
    started.defer(() => rm(folder, { recursive: true, force: true }));
    const stack = started.use(
      await startStack({
        folder,
        ports: 'free',
        configuration: demoConfiguration,
        storage: await newStorageAccount(),
        ...options,
        onTargetRequest: (request) => {
          requests.push(request);
          options.onTargetRequest?.(request);
        },
      }),
    );
    const app = started.adopt(await loadApp({ environment: stack.settings }), (loaded) => loaded.close());
    const functions = await stack.startFunctions();
    return new RunningLongshore(stack, functions, app, requests, started.move());
  }

  async close(): Promise<void> {
    await Promise.all([this.#functions.close(), this.#bus.close(), this.#registry.close()]);
    await this.#services.disposeAsync();
  }

  /** Where the HTTP functions answer. */
  get url(): string {
    return this.#functions.url;
  }

  /** Ends the worker as a lost machine would. */
  kill(): Promise<void> {
    return this.#functions.kill();
  }

  async restart(): Promise<void> {
    this.#functions = await this.stack.startFunctions();
  }

  send(message: ServiceBusMessage): Promise<void> {
    return this.#sender.sendMessages(message);
  }

  /** Everything in the queue, also what a worker holds or what is scheduled. */
  queued(): Promise<readonly ServiceBusReceivedMessage[]> {
    return this.#peek();
  }

  async cancelScheduled({ sequenceNumber }: ServiceBusReceivedMessage): Promise<void> {
    if (sequenceNumber) await this.#sender.cancelScheduledMessages(sequenceNumber);
  }

  /** Has a scheduled message delivered before its time. */
  async deliverNow(message: ServiceBusReceivedMessage): Promise<void> {
    await this.cancelScheduled(message);
    await this.send({ body: message.body });
  }

  /** Takes the next message that was dead-lettered. */
  async takeDeadLetter(): Promise<ServiceBusReceivedMessage | undefined> {
    const [message] = await this.#deadLetters.receiveMessages(1, { maxWaitTimeInMs: SOON.timeout });
    return message;
  }

  /** Waits until every message was completed, and sees that none was given up by the broker. */
  async seeQueueDone(): Promise<void> {
    await expect.poll(() => this.queued(), SOON).toEqual([]);
    expect(await this.#peek({ subQueueType: 'deadLetter' })).toEqual([]);
  }

  /** The records of all jobs for a target. */
  async recordsFor(target: string): Promise<readonly JobRecord[]> {
    const records = await Array.fromAsync(this.#app.jobs());
    return records.filter((record) => record.target === target);
  }

  /** Queues a failed job again. */
  retryJobs(job: string): Promise<readonly ImportJob[]> {
    return this.#app.retryJobs({ job });
  }

  async seeRecord(target: string, expected: Partial<JobRecord>): Promise<JobRecord> {
    await expect.poll(async () => (await this.recordsFor(target))[0], SOON).toMatchObject(expected);
    const records = await this.recordsFor(target);
    expect(records).toHaveLength(1);
    return records[0] as JobRecord;
  }

  /** What a tag of the target registry names now. */
  async digestOf(repository: string, tag: string): Promise<string | undefined> {
    return (await this.#copy(repository).resolve(tag))?.digest;
  }

  /** Waits for the tag to name the content, then reads all of it back, every byte checked. */
  async seeCopy(repository: string, tag: string, content: DemoContent): Promise<void> {
    await expect.poll(() => this.digestOf(repository, tag), SOON).toBe(content.root.digest);
    const copy = this.#copy(repository);
    for (const { digest } of content.manifests) await copy.fetchManifest(digest);
    for (const { descriptor } of content.blobs) await Array.fromAsync(await copy.openBlob(descriptor));
  }

  /** How many blobs were put into a repository of the target. */
  uploadsTo(repository: string): number {
    return this.#targetRequests.filter(
      (request) =>
        request.repository === repository &&
        request.kind === 'upload' &&
        request.method === 'PUT' &&
        request.status === 201,
    ).length;
  }

  /** With a client of its own: one client's peeks go on where its last one ended. */
  async #peek(options: ServiceBusReceiverOptions = {}): Promise<readonly ServiceBusReceivedMessage[]> {
    const client = new ServiceBusClient(this.stack.settings.ServiceBus ?? '');
    try {
      return await client.createReceiver(QUEUE, options).peekMessages(100);
    } finally {
      await client.close();
    }
  }

  #copy(repository: string) {
    return this.#registry.repository({ registry: this.stack.target.host, repository });
  }
}
