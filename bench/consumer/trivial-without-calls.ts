/** The smallest consumer that calls nothing, for the cold start: what AWS takes to answer is not ours. */
import { defineConsumer } from '../../consumer/index.ts';

export const handler = defineConsumer({ task: () => undefined, duplicates: false });
