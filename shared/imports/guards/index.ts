export { askGuards, type ProposedMove, type TagGuard } from './guard.ts';
export { keepExisting } from './keep-existing.ts';
export { neverBackwards } from './never-backwards.ts';
