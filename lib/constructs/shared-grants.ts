/** What several functions are granted, each action by name. */

/** Transactions are allowed by the actions of their parts. */
export const readWrite = [
  'dynamodb:GetItem',
  'dynamodb:Query',
  'dynamodb:Scan',
  'dynamodb:PutItem',
  'dynamodb:UpdateItem',
  'dynamodb:DeleteItem',
];

export const readCode = ['s3:GetObject', 's3:GetObjectVersion'];
export const anyKey = { because: 'Any object of the code bucket may be a consumer: its key is whatever a config item names.' };

export const noResource = { because: 'These calls take no resource.' };
export const atRunTime = { because: 'Pipelines are made at run time: the stage knows them by their prefix only.' };
