import { formatPlatform, formatReference, type RepositoryName } from '../content/index.ts';
import { formatRepositoryPattern, isPattern, type RepositoryPattern } from '../mirror/index.ts';
import type { ValueProblem } from './explain-issue.ts';
import { type FileWatch, fileSchema, watchSchema } from './schema.ts';
import { property, type SectionCheck } from './section-check.ts';
import type { ValuePath } from './yaml-text.ts';

/** A valid watch, and its position in the file's list. */
interface PlacedWatch {
  readonly at: number;
  readonly watch: FileWatch;
}

export function nameOf({ name, source }: FileWatch): string {
  return name ?? format(source);
}

export function targetsOf({
  target,
  targets = [],
}: FileWatch): readonly (RepositoryName | RepositoryPattern)[] {
  return target ? [target] : targets;
}

/** Finds the conflicts between the valid watches, also when others are not valid. */
export const checkWatches: SectionCheck = (value, path, { file }) => {
  const defaults = fileSchema.shape.defaults.safeParse(property(file, 'defaults'));
  const watches = (Array.isArray(value) ? value : []).flatMap((one: unknown, at): PlacedWatch[] => {
    const { data } = watchSchema.safeParse(one);
    return data ? [{ at, watch: data }] : [];
  });
  return findConflicts(watches, path, defaults.data?.platforms);
};

/**
 * Names are unique, and a target repository has one source and one list of platforms. Otherwise two watches would move
 * the same tag back and forth for ever. A repository is not its own target, and is named once in a watch. Source and
 * targets are patterns together.
 */
function findConflicts(
  watches: readonly PlacedWatch[],
  path: ValuePath,
  defaultPlatforms: FileWatch['platforms'] = [],
): readonly ValueProblem[] {
  const problems: ValueProblem[] = [];
  const names = new Map<string, number>();
  const owners = new Map<string, { at: number; source: string; platforms: string }>();

  for (const { at, watch } of watches) {
    const report = (message: string, ...inner: PropertyKey[]) =>
      problems.push({ path: [...path, at, ...inner], atKey: false, message });
    const name = nameOf(watch);
    const namesake = names.get(name);
    if (namesake === undefined) names.set(name, at);
    else {
      const key = watch.name === undefined ? 'source' : 'name';
      report(`watches[${namesake}] is also called "${name}"; give one of them another name`, key);
    }

    const source = format(watch.source);
    const platforms = (watch.platforms ?? defaultPlatforms).map(formatPlatform).sort().join(', ') || 'all';
    for (const [position, target] of targetsOf(watch).map(format).entries()) {
      const inner = watch.target ? ['target'] : ['targets', position];
      const owner = owners.get(target);
      if (target.includes('*') !== source.includes('*')) report(needsStar(target), ...inner);
      else if (target === source) report(`${target} cannot be a copy of itself`, ...inner);
      else if (owner === undefined) owners.set(target, { at, source, platforms });
      else if (owner.at === at) report(`${target} is named twice`, ...inner);
      else if (owner.source !== source)
        report(
          `${target} is already a copy of ${owner.source} (watches[${owner.at}]); a repository has one source`,
          ...inner,
        );
      else if (owner.platforms !== platforms)
        report(
          `watches[${owner.at}] copies other platforms (${owner.platforms}) to ${target}; expected the same for both`,
          ...inner,
        );
    }
  }
  return problems;
}

function needsStar(target: string): string {
  return target.includes('*')
    ? 'the target has a * and the source has none'
    : 'the source matches many repositories, so the target needs a * too, as in acme.azurecr.io/mirror/*';
}

function format(value: RepositoryName | RepositoryPattern): string {
  return isPattern(value) ? formatRepositoryPattern(value) : formatReference(value);
}
