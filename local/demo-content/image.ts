import { type ManifestContent, OCI_CONFIG, OCI_MANIFEST, type Platform } from '../../shared/content/index.ts';
import { type DemoBlob, jsonBlob, jsonManifest } from './content.ts';
import type { DemoLayer } from './layer.ts';

/** One step of an image's history. Steps without a layer only changed the config. */
export interface HistoryStep {
  readonly created: string;
  readonly created_by: string;
  readonly empty_layer?: true;
}

/** An image for one platform. Images built on it begin with its layers and its history. */
export interface DemoImage {
  readonly platform: Platform;
  readonly layers: readonly DemoLayer[];
  readonly history: readonly HistoryStep[];
  readonly config: DemoBlob;
  readonly manifest: ManifestContent;
}

export interface ImageParts {
  readonly platform: Platform;
  readonly base?: DemoImage | undefined;
  /** Layers on top of the base's. */
  readonly layers: readonly DemoLayer[];
  /** ISO 8601. */
  readonly created: string;
  readonly environment: readonly string[];
  readonly command: readonly string[];
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Puts layers on a base, with a config whose diff ids and history agree with them (image-spec, "Image Configuration"). */
export function assembleImage(parts: ImageParts): DemoImage {
  const { platform, base, created, environment, command, annotations } = parts;
  const layers = [...(base?.layers ?? []), ...parts.layers];
  const step = (created_by: string, isEmpty: boolean): HistoryStep => ({
    created,
    created_by,
    ...(isEmpty && { empty_layer: true }),
  });
  const history = [
    ...(base?.history ?? []),
    ...environment.map((variable) => step(`ENV ${variable}`, true)),
    ...parts.layers.map((layer) => step(layer.createdBy, false)),
    step(`CMD ${JSON.stringify(command)}`, true),
  ];
  const config = jsonBlob(OCI_CONFIG, {
    ...platform,
    created,
    config: { Env: ['PATH=/usr/local/bin:/usr/bin:/bin', ...environment], Cmd: command, WorkingDir: '/' },
    rootfs: { type: 'layers', diff_ids: layers.map((layer) => layer.diffId) },
    history,
  });
  const manifest = jsonManifest(OCI_MANIFEST, {
    config: config.descriptor,
    layers: layers.map((layer) => layer.blob.descriptor),
    annotations,
  });
  return { platform, layers, history, config, manifest };
}
