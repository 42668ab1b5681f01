/** The smallest consumer. */
import { defineConsumer } from '../../consumer/index.ts';

export const handler = defineConsumer({ task: () => undefined });
