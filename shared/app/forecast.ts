import {
  type FactsPorts,
  type Forecast,
  type ForecastGap,
  factsFromUpstream,
  factsOffline,
  forecast,
} from '../budget/index.ts';
import { systemClock } from '../clock.ts';
import { type Config, processEnvironment } from '../config/index.ts';
import type { PullAllowance } from '../registry/index.ts';
import { withRest } from '../webhooks/index.ts';
import { type LoadOptions, loadConfiguration, registryClientOfUser } from './connect.ts';

export interface ForecastOptions extends LoadOptions {
  /** How often upstream moves each tag. */
  readonly changesPerMonth: number;
  /** Asks no registry: what only upstream knows is assumed. */
  readonly offline?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface ConfigurationForecast extends Forecast {
  readonly gaps: readonly ForecastGap[];
}

/**
 * What a configuration will spend on its upstreams, before it is deployed. Live, it asks for one listing and a few HEADs per
 * watch, and pulls nothing.
 */
export async function forecastFromConfiguration({
  changesPerMonth,
  offline = false,
  signal,
  ...options
}: ForecastOptions): Promise<ConfigurationForecast> {
  const { config } = await loadConfiguration(options);
  const announced = new Map<string, PullAllowance>();
  const env = options.environment ?? processEnvironment();
  const registry = registryClientOfUser(config, env, ({ registry: name, pulls }) => {
    if (pulls) announced.set(name, pulls);
  });
  const ports: FactsPorts = {
    feedOf: (watch) => feedOf(config, watch),
    familyOf: (host) => config.registries.get(host)?.family,
    now: systemClock.now,
  };
  try {
    const { facts, gaps } = offline
      ? factsOffline(config, ports)
      : await factsFromUpstream(config, registry, ports, signal);
    const limits = (name: string) => ({
      ...announced.get(name),
      policy: config.registries.get(name)?.budget ?? {},
    });
    return { ...forecast(facts, limits, { changesPerMonth }), gaps };
  } finally {
    await registry.close();
  }
}

/**
 * The webhook that may tell of the watch's source. The configuration does not say which repositories a registry sends
 * notifications of: all of them are assumed. Of several the one beside which is polled most often.
 */
function feedOf({ webhooks }: Config, watch: Parameters<FactsPorts['feedOf']>[0]) {
  const [first] = webhooks
    .filter(({ registry }) => registry === watch.source.registry)
    .sort((a, b) => a.pollEveryMs - b.pollEveryMs);
  return first && { webhook: first.name, polled: withRest(watch, first.pollEveryMs) };
}
