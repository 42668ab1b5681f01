/** Which way imports may go: `bin → lib → contract`, handlers → domain, aws, framework, contract; and nobody around the contract. */

const contract = '^lambdas/contract/';
const outside = ['core', 'npm', 'npm-dev', 'npm-optional', 'npm-peer'];
const ours = '^(bin|lib|lambdas|local|consumer|client|cli|examples|bench|test)/';

/** What `from` may import of our own code; everything else of ours is forbidden. */
const only = (name, comment, from, allowed) => ({
  name,
  comment,
  severity: 'error',
  from: { path: from },
  to: { path: ours, pathNot: [from, ...allowed] },
});

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'Of values: two files may know each other by type, which leaves nothing at run time.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    { name: 'all-found', severity: 'error', from: {}, to: { couldNotResolve: true } },
    only('bin', 'The app is lib and nothing else.', '^bin/', ['^lib/']),
    only('lib', 'Synth time knows the run-time code by path only.', '^lib/', [contract]),
    only('contract', 'The contract is what all others share.', contract, []),
    only('domain', 'Decisions call nothing.', '^lambdas/domain/', [contract]),
    only('framework', 'Knows no pipelines.', '^lambdas/framework/', [contract]),
    only('aws', 'Calls AWS; where a decision and its optimistic write are one loop, it asks domain.', '^lambdas/aws/', [
      contract,
      '^lambdas/framework/',
      '^lambdas/domain/',
    ]),
    only('consumer', 'What an author bundles: decisions and the contract, nothing of ours that runs elsewhere.', '^consumer/', [
      contract,
      '^lambdas/domain/task/',
    ]),
    only('domain-task', 'Bundled into consumers: as little as can be.', '^lambdas/domain/task/', [contract]),
    only('client', 'What a submitter imports: the API as it is told to everybody.', '^client/', [contract]),
    only('cli', 'A tool over the same tables, queues and API its users have.', '^cli/', [contract, '^lambdas/domain/', '^client/']),
    {
      name: 'handlers',
      comment: 'A function imports its own steps and the shared layers, never another function.',
      severity: 'error',
      from: { path: '^lambdas/([^/]+)/', pathNot: '^lambdas/(contract|domain|framework|aws)/' },
      to: { path: ours, pathNot: ['^lambdas/$1/', '^lambdas/(contract|domain|framework|aws)/'] },
    },
    {
      name: 'production-stands-alone',
      comment: 'What is deployed knows nothing of tests, benches and the local stage.',
      severity: 'error',
      from: { path: '^(bin|lib|lambdas|consumer|client|cli)/' },
      to: { path: '^(local|examples|bench|test)/' },
    },
    {
      name: 'contract-imports-zod-and-crypto',
      severity: 'error',
      from: { path: contract },
      to: { dependencyTypes: outside, pathNot: ['^(node:)?crypto$', '^node_modules/zod/'] },
    },
    {
      name: 'domain-calls-nothing',
      severity: 'error',
      from: { path: '^lambdas/domain/' },
      to: { dependencyTypes: outside, pathNot: ['^(node:)?crypto$', '^node_modules/zod/'] },
    },
    {
      name: 'aws-sdk',
      comment: 'One place calls AWS, so that one double can stand in for it.',
      severity: 'error',
      from: { path: ours, pathNot: '^(lambdas/aws|consumer/aws|client/aws|cli|local|examples|bench|test)/' },
      to: { path: '(^|/)@aws-sdk/' },
    },
    {
      name: 'no-cdk-at-run-time',
      severity: 'error',
      from: { path: '^(lambdas|consumer|client|cli)/' },
      to: { path: '(^|/)(aws-cdk-lib|constructs|cdk-nag)(/|$)' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['sluice-source', 'import', 'require', 'node', 'default', 'types'],
    },
  },
};
