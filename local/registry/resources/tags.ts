import { type Answer, jsonAnswer } from '../answer.ts';
import { type Call, demandRead, knownRepository } from '../call.ts';
import { paginate } from '../pagination.ts';

/** Distribution-spec, "Listing Tags". */
export async function answerTags(call: Call, name: string): Promise<Answer> {
  demandRead(call);
  const repository = await knownRepository(call, name);
  const { items, headers } = paginate(repository.tags(), call.query, `/v2/${name}/tags/list`);
  return jsonAnswer(200, { name, tags: items }, headers);
}
