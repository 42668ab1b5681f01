/** A custom resource's request and answer (CloudFormation user guide, crpg-ref). */
import { z } from 'zod';

/** What an answer needs of its request. */
export const CustomResourceRequest = z.object({
  ResponseURL: z.url(),
  StackId: z.string(),
  RequestId: z.string(),
  LogicalResourceId: z.string(),
});
export type CustomResourceRequest = z.infer<typeof CustomResourceRequest>;

/** `physicalId` must stay the same for as long as the resource does: CloudFormation deletes what has another. */
export async function answer(request: CustomResourceRequest, physicalId: string, status: 'SUCCESS' | 'FAILED', reason = ''): Promise<void> {
  const { StackId, RequestId, LogicalResourceId } = request;
  const body = JSON.stringify({
    Status: status,
    Reason: reason.slice(0, 1_000),
    PhysicalResourceId: physicalId,
    StackId,
    RequestId,
    LogicalResourceId,
  });
  // No content type: the presigned URL was signed without one.
  const response = await fetch(request.ResponseURL, { method: 'PUT', body, headers: { 'content-type': '' } });
  if (!response.ok) throw new Error(`CloudFormation's ResponseURL answered ${response.status}`);
}
