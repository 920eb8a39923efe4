import { OCI_MANIFEST } from '../../shared/content/index.ts';
import { type DemoContent, demoBlob, jsonBlob, jsonManifest } from './content.ts';
import { gzipOf, tarOf } from './layer.ts';

/** Helm, "Use OCI-based registries": media types of a chart. */
export const HELM_CONFIG = 'application/vnd.cncf.helm.config.v1+json';
export const HELM_CHART = 'application/vnd.cncf.helm.chart.content.v1.tar+gzip';

export interface HelmChartOptions {
  readonly name: string;
  /** Of the chart, as a semantic version. */
  readonly version: string;
  /** Image the chart deploys, with tag. */
  readonly image: string;
}

/** A small chart that deploys one image, as `helm push` would push it. */
export async function buildHelmChart({ name, version, image }: HelmChartOptions): Promise<DemoContent> {
  const description = `Deploys ${name}`;
  const chart = await tarOf([
    {
      path: `${name}/Chart.yaml`,
      content: `apiVersion: v2\nname: ${name}\nversion: ${version}\ndescription: ${description}\ntype: application\n`,
    },
    { path: `${name}/values.yaml`, content: `image: ${image}\nreplicas: 1\n` },
    { path: `${name}/templates/deployment.yaml`, content: DEPLOYMENT.replaceAll('NAME', name) },
  ]);
  const layer = demoBlob(HELM_CHART, gzipOf(chart));
  const metadata = { name, version, description, apiVersion: 'v2', type: 'application' };
  const config = jsonBlob(HELM_CONFIG, metadata);
  const root = jsonManifest(OCI_MANIFEST, {
    config: config.descriptor,
    layers: [layer.descriptor],
    annotations: {
      'org.opencontainers.image.title': name,
      'org.opencontainers.image.version': version,
      'org.opencontainers.image.description': description,
    },
  });
  return { blobs: [config, layer], manifests: [root], root };
}

const DEPLOYMENT = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: NAME
spec:
  replicas: {{ .Values.replicas }}
  selector:
    matchLabels: { app: NAME }
  template:
    metadata:
      labels: { app: NAME }
    spec:
      containers:
        - name: NAME
          image: {{ .Values.image }}
`;
