import { type Digest, OCI_INDEX } from '../../../shared/content/index.ts';
import { type Answer, jsonAnswer } from '../answer.ts';
import { type Call, demandRead } from '../call.ts';

/** Distribution-spec, "Listing Referrers": never 404, whatever is or is not here. */
export async function answerReferrers(call: Call, name: string, subject: Digest): Promise<Answer> {
  demandRead(call);
  const repository = await call.storage.repository(name);
  const all = repository?.referrers(subject) ?? [];
  const artifactType = call.query.get('artifactType');
  const manifests = artifactType === null ? all : all.filter((d) => d.artifactType === artifactType);
  return jsonAnswer(
    200,
    { schemaVersion: 2, mediaType: OCI_INDEX, manifests },
    { 'Content-Type': OCI_INDEX, ...(artifactType !== null && { 'OCI-Filters-Applied': 'artifactType' }) },
  );
}
