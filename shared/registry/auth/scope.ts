/** What a request does to a repository; decides which token it carries. */
export type Access = 'pull' | 'push' | 'delete' | 'list' | 'catalog';

export interface RequiredScope {
  /** '' for what is asked of the registry as a whole: its catalog. */
  readonly repository: string;
  readonly access: Access;
}

/** Distribution's token scopes (docs/spec/auth/scope.md). Listing tags is a pull until a registry says otherwise. */
const ACTIONS: Readonly<Record<Access, string>> = {
  pull: 'pull',
  push: 'pull,push',
  delete: 'delete',
  list: 'pull',
  catalog: '*',
};

export function isSpecified(action: string): boolean {
  return action === 'pull' || action === 'push' || action === 'delete';
}

/** Additional actions that registries asked for. */
export type LearnedActions = ReadonlyMap<Access, readonly string[]>;

/** A bound for what a hostile registry can ask for. */
const MAX_ACTIONS = 10;

export function scopeOf({ repository, access }: RequiredScope, learned: LearnedActions): string {
  const actions = new Set([...ACTIONS[access].split(','), ...(learned.get(access) ?? [])]);
  // It includes all others, and Quay takes it alone.
  const resource = access === 'catalog' ? 'registry:catalog' : `repository:${repository}`;
  return `${resource}:${actions.has('*') ? '*' : [...actions].join(',')}`;
}

/**
 * The actions that a challenge's scope names for the repository of `scope`: Azure wants `metadata_read` for
 * tag listings. Scopes of other repositories (some registries write a placeholder) teach nothing.
 */
export function actionsIn(scope: string | undefined, { repository }: RequiredScope): readonly string[] {
  const prefix = `repository:${repository}:`;
  const mine = scope?.split(' ').find((part) => part.startsWith(prefix));
  const actions = mine?.slice(prefix.length).split(',') ?? [];
  return actions.filter((action) => /^(?:[a-z_]{1,30}|\*)$/.test(action)).slice(0, MAX_ACTIONS);
}
