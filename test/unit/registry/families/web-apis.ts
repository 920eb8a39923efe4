import { digestOf } from '../../../../shared/content/index.ts';
import type { RegistryFamily } from '../../../../shared/registry/index.ts';
import type { RecordedRequest, Reply } from '../../../helpers/scripted-server.ts';

/** The paths of the APIs for the repository `acme/app`, first pages with their queries. */
export const FIRST_PAGES: Readonly<Record<RegistryFamily, string>> = {
  'docker-hub': '/v2/namespaces/acme/repositories/app/tags?page=1&page_size=100&ordering=last_updated',
  acr: '/acr/v1/acme/app/_tags?n=100&orderby=timedesc',
  quay: '/api/v1/repository/acme/app/tag/?limit=100&page=1&onlyActiveTags=true',
  harbor:
    '/api/v2.0/projects/acme/repositories/app/artifacts?page=1&page_size=100&with_tag=true&q=tags%3D*&sort=-push_time',
  github: '/orgs/acme/packages/container/app/versions?state=active&per_page=100',
  google: '/v2/acme/app/tags/list?n=10000',
};

export const FAMILIES = Object.keys(FIRST_PAGES) as readonly RegistryFamily[];

/** One page in each API's own form; every tag names `digestOf(tag)`. */
const BODIES: Readonly<
  Record<RegistryFamily, (tags: readonly string[], next: string | undefined) => object>
> = {
  'docker-hub': (tags, next) => ({
    count: 1,
    next: next ?? null,
    results: tags.map((name) => ({ name, digest: digestOf(name) })),
  }),
  acr: (tags) => ({
    registry: 'acme.azurecr.io',
    tags: tags.map((name) => ({ name, digest: digestOf(name) })),
  }),
  quay: (tags, next) => ({
    tags: tags.map((name) => ({ name, manifest_digest: digestOf(name) })),
    has_additional: next !== undefined,
  }),
  harbor: (tags) => tags.map((name) => ({ digest: digestOf(name), tags: [{ name }] })),
  github: (tags) => tags.map((name) => ({ name: digestOf(name), metadata: { container: { tags: [name] } } })),
  google: (tags) => ({
    tags,
    manifest: Object.fromEntries(tags.map((name) => [digestOf(name), { tag: [name] }])),
  }),
};

/** An API's answer with these tags. `next` is how its address goes on, where there is more. */
export function pageOf(family: RegistryFamily, tags: readonly string[], next?: string): Reply {
  const linked = next !== undefined && !['docker-hub', 'quay'].includes(family);
  return {
    headers: linked ? { link: `<${next}>; rel="next"` } : {},
    body: BODIES[family](tags, next),
  };
}

/** A server's script that gives these pages one after the other. */
export function pagesOf(family: RegistryFamily, pages: () => readonly (readonly string[])[]) {
  return ({ url, query }: Pick<RecordedRequest, 'url' | 'query'>): Reply => {
    const page = Number(query.get('page') ?? 1);
    const next = new URL(url, 'http://any');
    next.searchParams.set('page', String(page + 1));
    return pageOf(
      family,
      pages()[page - 1] ?? [],
      page < pages().length ? `${next.pathname}${next.search}` : undefined,
    );
  };
}

/** `t001`, `t002`, … cut into pages of `size`. */
export function numberedPages(count: number, size: number): string[][] {
  const tags = Array.from({ length: count }, (_, index) => `t${String(index + 1).padStart(3, '0')}`);
  return Array.from({ length: Math.ceil(count / size) }, (_, page) =>
    tags.slice(page * size, (page + 1) * size),
  );
}
