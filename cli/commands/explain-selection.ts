import type { WatchExplanation } from '../../shared/mirror/index.ts';
import { columns } from '../columns.ts';
import { EXIT } from '../exit-codes.ts';
import { countOf, inNameOrder } from '../format.ts';
import type { Output } from '../output.ts';
import { watchNotes } from '../watch-notes.ts';

/** `longshore plan --explain`: which upstream tags each watch selects, and why. Returns the exit code. */
export function explainSelection(explanations: readonly WatchExplanation[], output: Output): number {
  output.result(
    {
      watches: explanations.map(({ watch, tags, unmatched, errors }) => ({
        watch,
        tags: tags.map(({ tag, selected, rule }) => ({ tag, taken: selected, rule })),
        unmatched,
        errors,
      })),
    },
    explanations.flatMap(describe),
  );
  if (explanations.some(({ errors }) => errors.length > 0)) return EXIT.failed;
  return explanations.some(({ tags }) => tags.some(({ selected }) => selected)) ? EXIT.ok : EXIT.nothingToDo;
}

function describe({ watch, tags, unmatched, errors }: WatchExplanation): readonly string[] {
  const count = tags.filter(({ selected }) => selected).length;
  return [
    `${watch}: ${count} of ${countOf(tags.length, 'tag')} selected`,
    ...columns(
      inNameOrder(tags, ({ tag }) => tag).map(({ tag, selected, rule }) => [
        `${selected ? '+' : '-'} ${tag}`,
        rule,
      ]),
      '  ',
    ),
    ...watchNotes({ unmatched, errors }),
  ];
}
