import { type Answer, jsonAnswer } from '../answer.ts';
import { type Call, demandRead } from '../call.ts';
import { paginate } from '../pagination.ts';

/** All repositories, as the distribution project lists them; not part of the distribution-spec. */
export function answerCatalog(call: Call): Answer {
  demandRead(call);
  const { items, headers } = paginate(call.storage.repositories(), call.query, '/v2/_catalog');
  return jsonAnswer(200, { repositories: items }, headers);
}
