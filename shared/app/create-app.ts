import { type Config, processEnvironment, readSettings } from '../config/index.ts';
import type { TagGuard } from '../imports/index.ts';
import { connectPorts, type LoadOptions, loadConfiguration } from './connect.ts';
import { diagnosticProbes } from './parts/diagnosis.ts';
import { eventsPart } from './parts/events.ts';
import { importsPart } from './parts/imports.ts';
import { mirrorPart } from './parts/mirror.ts';
import type { Part } from './parts/part.ts';
import { pollsPart } from './parts/polls.ts';
import { recoveryPart } from './parts/recovery.ts';
import { registriesPart } from './parts/registries.ts';
import { retentionPart } from './parts/retention.ts';
import { statusPart } from './parts/status.ts';
import { transfersPart } from './parts/transfers.ts';
import { webhooksPart } from './parts/webhooks.ts';
import type { Ports } from './ports.ts';
import { type Check, checkReadiness } from './readiness.ts';

/** Everything Longshore can do with its queues and records, for triggers and commands to call. */
export type App = ReturnType<typeof createApp>;

export interface AppOptions {
  /** Policies that every import job and pipeline run must pass. Commands that place tags do not ask them. Default: none. */
  readonly guards?: readonly TagGuard[] | undefined;
}

/** The composition root: puts the capabilities together over their ports. Uses none of them until it is called. */
export function createApp(config: Config, ports: Ports, { guards = [] }: AppOptions = {}) {
  const registries = registriesPart(config, ports);
  const events = eventsPart(ports);
  const imports = importsPart(ports, registries, events, guards);
  const mirror = mirrorPart(config, ports, registries, imports);
  const webhooks = webhooksPart(config, ports, mirror);
  const transfers = transfersPart(config, ports, registries, imports, events);
  return compose(
    ports,
    registries,
    events,
    imports,
    mirror,
    webhooks,
    pollsPart(ports, mirror, webhooks),
    transfers,
    recoveryPart(ports, imports, transfers),
    statusPart(ports, registries, imports, mirror),
    retentionPart(config, ports, imports, mirror, transfers, events),
  );
}

/**
 * Builds the application from settings and configuration.
 * @throws ConfigError listing every problem.
 */
export async function loadApp(options: LoadOptions & AppOptions = {}): Promise<App> {
  const env = options.environment ?? processEnvironment();
  const settings = readSettings(env);
  const { config } = await loadConfiguration({ ...options, environment: env });
  return createApp(config, connectPorts(config, settings, env), options);
}

interface Lifecycle {
  /** Asks every dependency; never throws. */
  ready(): Promise<readonly Check[]>;
  /** Asks every dependency, looks for dead letters, and compares clocks; never throws. */
  diagnose(): Promise<readonly Check[]>;
  /** Closes every connection. What is under way fails. */
  close(): Promise<void>;
}

type Facades<Parts extends readonly Part<object>[]> = Parts extends readonly [
  Part<infer First>,
  ...infer Others extends readonly Part<object>[],
]
  ? First & Facades<Others>
  : unknown;

function compose<Parts extends readonly Part<object>[]>(
  ports: Ports,
  ...parts: Parts
): Facades<Parts> & Lifecycle {
  const probes = Object.assign({}, ...parts.map((part) => part.probes));
  const lifecycle: Lifecycle = {
    ready: () => checkReadiness(probes),
    diagnose: () => checkReadiness({ ...probes, ...diagnosticProbes(ports) }),
    async close() {
      await Promise.allSettled(parts.map((part) => part.close?.()));
      await ports.close();
    },
  };
  return Object.assign({}, ...parts.map(({ facade }) => facade), lifecycle);
}
