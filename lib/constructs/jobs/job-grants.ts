/** What several functions of the job service are granted, each action by name. Transactions are allowed by the actions of their parts. */

export const readJobs = ['dynamodb:GetItem', 'dynamodb:Query'];
/** Tasks are counted, and jobs closed. */
export const countTasks = [...readJobs, 'dynamodb:BatchGetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem'];
export const changeJobs = [...countTasks, 'dynamodb:DeleteItem'];
/** A placed job is taken a step further, which looks through no list. */
export const stepPlaced = changeJobs.filter((action) => action !== 'dynamodb:Query');
export const holdLeases = ['dynamodb:GetItem', 'dynamodb:UpdateItem', 'dynamodb:DeleteItem'];

/** A multipart upload that goes on where an earlier invocation left it. */
export const uploadInParts = ['s3:PutObject', 's3:AbortMultipartUpload'];
export const readVersions = ['s3:GetObject', 's3:GetObjectVersion'];

export const perJob = { because: 'Objects are named after their job.' };
export const anyInput = { because: 'A job names any object of the buckets that the stage lists.' };

/** Only items whose partition key is like one of these. For actions that say keys: of a Scan, which says none, the condition holds. */
export const onlyKeys = (...patterns: string[]) => ({ 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': patterns } });
/** A `*` of a key itself, which is no wildcard (IAM, reference_policies_variables). */
// biome-ignore lint/suspicious/noTemplateCurlyInString: it is IAM that fills it in.
export const literally = (key: string) => key.replaceAll('*', '${*}');
