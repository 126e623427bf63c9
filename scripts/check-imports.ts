/** Prints each breach of the import table and ends with 1 if there is one. Usage: node dist/scripts/check-imports.js */

import { checkImports } from './imports/check.ts';

const breaches = checkImports('.');
for (const breach of breaches) console.error(breach);
if (breaches.length > 0) {
  console.error(`${breaches.length} imports that the table in scripts/imports/table.ts does not allow`);
  process.exitCode = 1;
}
