export { type ApprovePorts, approveDeletions, type DeletionOutcome } from './approve.ts';
export { type ListedProposal, proposeDeletions } from './propose.ts';
