import type { RegistrySettings } from '../registry/index.ts';
import type { Config } from './config.ts';
import { readTlsFiles } from './tls-files.ts';

/** What is configured of how each registry is reached. Its files are read when a connection first needs them. */
export function configuredSettings({
  registries,
}: Pick<Config, 'registries'>): (registry: string) => RegistrySettings | undefined {
  return (registry) => {
    const configured = registries.get(registry);
    if (!configured) return undefined;
    const { private: isPrivate, plainHttp, family, tls } = configured;
    return {
      private: isPrivate,
      // Who names certificates means https, on loopback as well.
      plainHttp: plainHttp ?? (tls && false),
      family,
      tls: tls && (() => readTlsFiles(tls, `registries.${registry}.tls`)),
    };
  };
}
