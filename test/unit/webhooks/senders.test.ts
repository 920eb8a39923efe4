import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  changedReferences,
  MAX_REFERENCES,
  WHOLE_REPOSITORY,
} from '../../../shared/webhooks/change-event.ts';
import { SENDERS } from '../../../shared/webhooks/senders/index.ts';
import { SENDER_NAMES, type SenderName } from '../../../shared/webhooks/webhook.ts';
import * as payloads from './payloads.ts';

const { DIGEST } = payloads;

/** What a body leads to: references by repository, or the kind of notification it is. */
function read(from: SenderName, json: unknown, headers: Record<string, string> = {}, registry = 'r.test') {
  const notification = SENDERS[from].read(json, new Headers(headers));
  return notification.kind === 'events'
    ? Object.fromEntries(changedReferences(registry, notification.events))
    : notification.kind;
}

const TAG = { 'r.test/team/app': ['1.2'] };

describe('what a sender tells', () => {
  it.each([
    ['acr', 'a push', payloads.acr.push, TAG],
    ['acr', 'a chart', payloads.acr.chartPush, TAG],
    ['acr', 'a deleted manifest', payloads.acr.delete, { 'r.test/team/app': [DIGEST] }],
    ['acr', 'a deleted repository', payloads.acr.deleteRepository, { 'r.test/team/app': [WHOLE_REPOSITORY] }],
    ['event-grid', 'a push as CloudEvent', payloads.eventGrid.cloudEvent, TAG],
    ['event-grid', 'a push in its own schema', payloads.eventGrid.schema, TAG],
    ['event-grid', 'a deleted manifest', payloads.eventGrid.deleted, { 'r.test/team/app': [DIGEST] }],
    ['docker-hub', 'a push', payloads.dockerHub.push, TAG],
    ['distribution', 'a push among those of layers', payloads.distribution.push, TAG],
    ['distribution', 'a deleted manifest', payloads.distribution.delete, { 'r.test/team/app': [DIGEST] }],
    [
      'distribution',
      'readable events among others',
      payloads.distribution.mixed,
      { ...TAG, 'r.test/other': ['x'] },
    ],
    ['harbor', 'a push', payloads.harbor.push, TAG],
    ['harbor', 'a push as CloudEvent', payloads.harbor.cloudEvent, TAG],
    ['harbor', 'a deleted artifact', payloads.harbor.delete, { 'r.test/team/app': [DIGEST] }],
    ['harbor', 'a push by digest', payloads.harbor.byDigest, { 'r.test/team/app': [DIGEST] }],
    ['quay', 'a push of two tags', payloads.quay.push, { 'r.test/team/app': ['1.2', 'latest'] }],
    ['quay', 'a push in the oldest form', payloads.quay.old, TAG],
    [
      'artifactory',
      'a push, under both names it may be pulled by',
      payloads.artifactory.push,
      { 'r.test/docker-local/team/app': ['1.2'], ...TAG },
    ],
  ] as const)('%s: %s', (from, _, json, expected) => {
    expect(read(from, json)).toEqual(expected);
  });

  it.each(['package', 'registry_package'])('github: a push, in the event %s', (event) => {
    const json = event === 'package' ? payloads.github.package : payloads.github.registryPackage;
    expect(read('github', json, { 'x-github-event': event })).toEqual(TAG);
  });

  it('github: a package of an owner with capital letters, also without its URL', () => {
    const { package: known } = payloads.github.package;
    const json = {
      package: { ...known, package_version: { ...known.package_version, package_url: null } },
    };
    expect(read('github', json, { 'x-github-event': 'package' })).toEqual(TAG);
  });

  it.each([
    ['acr', 'its ping', payloads.acr.ping, {}],
    ['acr', 'an image in quarantine', payloads.acr.quarantine, {}],
    ['event-grid', 'another event', payloads.eventGrid.other, {}],
    ['distribution', 'a pull', payloads.distribution.pull, {}],
    ['harbor', 'a scan', payloads.harbor.scan, {}],
    ['quay', 'a mirror run', payloads.quay.mirrored, {}],
    ['github', 'its ping', payloads.github.ping, { 'x-github-event': 'ping' }],
    ['github', 'a manifest without a tag', payloads.github.untagged, { 'x-github-event': 'package' }],
    ['github', 'a package that is no image', payloads.github.npm, { 'x-github-event': 'package' }],
    ['artifactory', 'another domain', payloads.artifactory.other, {}],
  ] as const)('%s: %s leads to nothing', (from, _, json, headers) => {
    expect(read(from, json, headers)).toBe('ignored');
  });

  it.each(SENDER_NAMES)('%s: whatever JSON comes, it is read without an error', (from) => {
    const headers = new Headers({ 'x-github-event': 'package' });
    const known = fc.constantFrom<unknown>(...Object.values(payloads).flatMap((one) => Object.values(one)));
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), known), (json) => {
        expect(['unrecognized', 'ignored', 'handshake', 'events']).toContain(
          SENDERS[from].read(json, headers).kind,
        );
      }),
      { numRuns: 200 },
    );
  });
});

describe('what is wrong with what a sender tells', () => {
  it('hides no tag that Quay tells of beside it', () => {
    const body = { repository: 'acme/app', updated_tags: ['1', 2, null, {}, '3'] };
    expect(SENDERS.quay.read(body, new Headers())).toEqual({
      kind: 'events',
      events: [
        { repository: 'acme/app', tag: '1' },
        { repository: 'acme/app', tag: '3' },
      ],
    });
  });

  it('is not looked at beyond what is read of a notification of Harbor', () => {
    const resources = [...Array.from({ length: 2_000 }, () => ({ tag: '1' })), ...Array(300_000).fill(1)];
    const body = {
      type: 'PUSH_ARTIFACT',
      event_data: { repository: { repo_full_name: 'acme/app' }, resources },
    };
    expect(SENDERS.harbor.read(body, new Headers()).kind).toBe('events');
    const wrong = { ...body, event_data: { ...body.event_data, resources: [1] } };
    expect(SENDERS.harbor.read(wrong, new Headers()).kind).toBe('unrecognized');
  });
});

describe('the handshakes of Event Grid', () => {
  it('gives the validation code back', () => {
    expect(SENDERS['event-grid'].read(payloads.eventGrid.validation, new Headers())).toEqual({
      kind: 'handshake',
      answer: { status: 200, body: { validationResponse: '512d38b6-c7b8-40c8-89fe-f46f9e9622b6' } },
    });
  });

  it('allows the origin that asks', () => {
    const headers = new Headers({ 'webhook-request-origin': 'eventgrid.azure.net' });
    expect(SENDERS['event-grid'].handshake?.(headers)).toMatchObject({
      status: 200,
      headers: { 'webhook-allowed-origin': 'eventgrid.azure.net', 'webhook-allowed-rate': '*' },
    });
  });

  it.each(['', '*', 'https://x', 'a b', `${'a'.repeat(300)}.net`])('does not allow "%s"', (origin) => {
    const headers = new Headers({ 'webhook-request-origin': origin });
    expect(SENDERS['event-grid'].handshake?.(headers)).toEqual({ status: 400 });
  });
});

describe('events', () => {
  it('that name no possible repository or tag are left out', () => {
    const events = [
      { repository: 'UPPER', tag: '1' },
      { repository: '../x', tag: '1' },
      { repository: 'ok', tag: 'no tag!' },
      { repository: 'ok', digest: 'sha256:short' },
      { repository: 'evil.test/x@y', tag: '1' },
    ];
    expect(changedReferences('r.test', events).size).toBe(0);
  });

  it('of official images mean the folder they are in', () => {
    expect([...changedReferences('docker.io', [{ repository: 'node', tag: '22' }])]).toEqual([
      ['docker.io/library/node', ['22']],
    ]);
  });

  it('that are the same count once, and too many become the whole repository', () => {
    const many = (count: number) =>
      Array.from({ length: count }, (_, at) => ({ repository: 'a', tag: `t${at % MAX_REFERENCES}` }));
    expect(changedReferences('r.test', many(3 * MAX_REFERENCES)).get('r.test/a')).toHaveLength(
      MAX_REFERENCES,
    );
    const more = [...many(MAX_REFERENCES), { repository: 'a', tag: 'one-more' }];
    expect(changedReferences('r.test', more).get('r.test/a')).toEqual([WHOLE_REPOSITORY]);
  });
});
