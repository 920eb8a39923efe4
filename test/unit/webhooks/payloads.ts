import { digestOf } from '../../../shared/content/index.ts';

/** What each sender's documentation shows, about `team/app:1.2`. */
export const DIGEST = digestOf('an image');
const MANIFEST = 'application/vnd.oci.image.index.v1+json';
const ID = '4f8c2a7e-0f0b-4a39-9a5d-1f6f4c1f3a11';

export const acr = {
  push: {
    id: ID,
    timestamp: '2026-11-17T16:52:01.343145347Z',
    action: 'push',
    target: {
      mediaType: MANIFEST,
      size: 524,
      digest: DIGEST,
      length: 524,
      repository: 'team/app',
      tag: '1.2',
    },
    request: { id: ID, host: 'acme.azurecr.io', method: 'PUT', useragent: 'docker/27' },
  },
  delete: {
    id: ID,
    timestamp: '2026-11-17T16:54:53.657764628Z',
    action: 'delete',
    target: { mediaType: MANIFEST, digest: DIGEST, repository: 'team/app' },
    request: { id: ID, host: 'acme.azurecr.io', method: 'DELETE', useragent: 'python-requests/2.18.4' },
  },
  deleteRepository: { id: ID, action: 'delete', target: { repository: 'team/app' } },
  chartPush: {
    id: ID,
    timestamp: '2026-03-05T23:45:31.2614267Z',
    action: 'chart_push',
    target: {
      mediaType: 'application/vnd.acr.helm.chart',
      size: 25265,
      digest: DIGEST,
      repository: 'team/app',
      tag: '1.2',
      name: 'app',
      version: '1.2.tgz',
    },
  },
  quarantine: {
    id: ID,
    action: 'quarantine',
    target: { size: 3023, digest: DIGEST, length: 3023, repository: 'team/app', tag: '1.2' },
    request: { id: ID, host: 'acme.azurecr.io', method: 'PUT' },
  },
  ping: { id: ID, timestamp: '2026-11-17T16:52:01Z', action: 'ping' },
};

export const eventGrid = {
  cloudEvent: {
    id: ID,
    source: '/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerRegistry/registries/acme',
    subject: 'team/app:1.2',
    type: 'Microsoft.ContainerRegistry.ImagePushed',
    time: '2026-11-17T16:52:01Z',
    specversion: '1.0',
    data: { ...acr.push, action: 'push', location: 'westeurope' },
  },
  schema: [
    {
      id: ID,
      topic: '/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerRegistry/registries/acme',
      subject: 'team/app:1.2',
      eventType: 'Microsoft.ContainerRegistry.ImagePushed',
      eventTime: '2026-11-17T16:52:01Z',
      dataVersion: '2.0',
      metadataVersion: '1',
      data: acr.push,
    },
  ],
  deleted: {
    id: ID,
    type: 'Microsoft.ContainerRegistry.ImageDeleted',
    specversion: '1.0',
    data: acr.delete,
  },
  validation: [
    {
      id: ID,
      topic: '/subscriptions/s',
      subject: '',
      eventType: 'Microsoft.EventGrid.SubscriptionValidationEvent',
      eventTime: '2026-01-25T22:12:19.4556811Z',
      dataVersion: '1',
      data: {
        validationCode: '512d38b6-c7b8-40c8-89fe-f46f9e9622b6',
        validationUrl: 'https://rp-eastus2.eventgrid.azure.net/eventsubscriptions/x/validate?id=512d38b6',
      },
    },
  ],
  other: [{ id: ID, eventType: 'Microsoft.Storage.BlobCreated', data: { url: 'https://x' } }],
};

export const dockerHub = {
  push: {
    callback_url: 'https://registry.hub.docker.com/u/team/app/hook/2141b5bi5i5b02bec211i4eeih0242eg11000a/',
    push_data: { pushed_at: 1582839308, pusher: 'someone', tag: '1.2' },
    repository: {
      comment_count: 0,
      date_created: 1.58e9,
      description: '',
      is_official: false,
      is_private: true,
      name: 'app',
      namespace: 'team',
      owner: 'team',
      repo_name: 'team/app',
      repo_url: 'https://registry.hub.docker.com/v2/repositories/team/app',
      status: 'Active',
    },
  },
};

const request = { id: ID, addr: '192.168.64.11:42961', host: 'registry.corp:5000', method: 'PUT' };

export const distribution = {
  push: {
    events: [
      {
        id: ID,
        timestamp: '2026-03-09T14:44:26.402973972-08:00',
        action: 'push',
        target: {
          mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
          size: 3,
          digest: DIGEST,
          repository: 'team/app',
          url: 'http://registry.corp:5000/v2/team/app/blobs/x',
        },
        request,
        actor: {},
        source: { addr: 'registry:5000', instanceID: 'a53db899' },
      },
      {
        id: ID,
        action: 'push',
        target: {
          mediaType: MANIFEST,
          size: 3,
          digest: DIGEST,
          repository: 'team/app',
          url: 'http://registry.corp:5000/v2/team/app/manifests/x',
          tag: '1.2',
        },
        request,
      },
    ],
  },
  pull: {
    events: [{ id: ID, action: 'pull', target: { repository: 'team/app', tag: '1.2', digest: DIGEST } }],
  },
  delete: { events: [{ id: ID, action: 'delete', target: { repository: 'team/app', digest: DIGEST } }] },
  mixed: {
    events: [
      'no event',
      { action: 'push' },
      { action: 'push', target: { repository: 'team/app', tag: '1.2' } },
      { action: 'push', target: { repository: 'other', tag: 'x' } },
    ],
  },
};

const harborData = {
  resources: [{ digest: DIGEST, tag: '1.2', resource_url: 'harbor.corp/team/app:1.2' }],
  repository: {
    date_created: 1586922308,
    name: 'app',
    namespace: 'team',
    repo_full_name: 'team/app',
    repo_type: 'private',
  },
};

export const harbor = {
  push: { type: 'PUSH_ARTIFACT', occur_at: 1586922308, operator: 'admin', event_data: harborData },
  cloudEvent: {
    specversion: '1.0',
    id: ID,
    source: '/projects/2/webhook/policies/15',
    type: 'harbor.artifact.pushed',
    datacontenttype: 'application/json',
    time: '2026-04-03T06:33:53Z',
    operator: 'admin',
    requestid: ID,
    data: harborData,
  },
  delete: {
    type: 'DELETE_ARTIFACT',
    occur_at: 1586922308,
    operator: 'admin',
    event_data: {
      ...harborData,
      resources: [{ digest: DIGEST, resource_url: `harbor.corp/team/app@${DIGEST}` }],
    },
  },
  byDigest: {
    type: 'PUSH_ARTIFACT',
    event_data: { ...harborData, resources: [{ digest: DIGEST, tag: DIGEST }] },
  },
  scan: { type: 'SCANNING_COMPLETED', event_data: harborData },
};

export const quay = {
  push: {
    name: 'app',
    repository: 'team/app',
    namespace: 'team',
    docker_url: 'quay.io/team/app',
    homepage: 'https://quay.io/repository/team/app',
    updated_tags: ['1.2', 'latest'],
  },
  old: { repository: 'team/app', updated_tags: { '1.2': 'e1b5d1f2' } },
  mirrored: { repository: 'team/app', namespace: 'team', name: 'app', message: 'done' },
};

function githubPackage(tag: string) {
  return {
    id: 1,
    name: 'app',
    namespace: 'Team',
    ecosystem: 'CONTAINER',
    package_type: 'CONTAINER',
    owner: { login: 'Team' },
    package_version: {
      id: 2,
      version: DIGEST,
      name: DIGEST,
      package_url: `ghcr.io/team/app:${tag}`,
      target_oid: '0f0f',
      container_metadata: {
        tag: { name: tag, digest: DIGEST },
        labels: {},
        manifest: { digest: DIGEST, media_type: MANIFEST, uri: 'repositories/team/app/manifests/x', size: 1 },
      },
    },
    registry: { name: 'GitHub Docker registry', type: 'docker', url: 'https://ghcr.io/team' },
  };
}

export const github = {
  registryPackage: {
    action: 'published',
    registry_package: githubPackage('1.2'),
    repository: {},
    sender: {},
  },
  package: { action: 'updated', package: githubPackage('1.2'), repository: {}, sender: {} },
  untagged: { action: 'published', package: githubPackage(''), repository: {}, sender: {} },
  npm: { action: 'published', package: { ...githubPackage('1.2'), package_type: 'npm' } },
  ping: { zen: 'Keep it logically awesome.', hook_id: 1, hook: {} },
};

export const artifactory = {
  push: {
    domain: 'docker',
    event_type: 'pushed',
    data: {
      repo_key: 'docker-local',
      path: 'team/app/1.2/list.manifest.json',
      name: 'list.manifest.json',
      sha256: DIGEST.slice(7),
      size: 1,
      image_name: 'team/app',
      image_type: 'oci',
      tag: '1.2',
      platforms: [],
    },
    subscription_key: 'longshore',
    jpd_origin: 'https://acme.jfrog.io',
  },
  other: { domain: 'artifact', event_type: 'deployed', data: { repo_key: 'x', path: 'y' } },
};
