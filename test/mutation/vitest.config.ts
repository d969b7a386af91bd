/** Only the tests of the pure rules: they need no built programs, so hundreds of mutants are looked at in minutes. */
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: [
      'test/coordinator/dispatch/{rules,failure-rules,race-rules,steal-rules,explained-rules,scheduling-rules,room-rules,fair-share,balance}.test.ts',
      'test/coordinator/dispatch/rules/**/*.test.ts',
      'test/properties/rules.test.ts',
    ],
  },
});
