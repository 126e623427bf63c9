// Prints doc/configuration.md, the reference of all properties, from the tables that check them:
//   node dist/scripts/make-doc.js > doc/configuration.md
import { pathToFileURL } from 'node:url';
import type { Property, Table } from '../src/config/schema/property.ts';
import { userTable } from '../src/config/settings/user.ts';
import { SECTIONS } from '../src/config/settings.ts';

const INTRODUCTION = `# Configuration

This page is made from the declarations in \`src/config/settings\` by \`scripts/make-doc.ts\`. \`config/ims.cfg\` shows every property in use.

## The language

JSON with additions, in files that may include each other:

* Quotes around property names, the braces around a file and a comma after the last element may be left out. \`//\` and \`/* */\` are comments.
* Values: numbers (\`13.4\`, \`0x9001\`), complex numbers (\`1.2+3*I\`), strings, \`true\` and \`false\` (also \`1\` and \`0\`), objects, arrays.
* Strings have the escapes of JavaScript. Between backquotes \`\${expression}\` is replaced by its value.
* Operators \`! * / + - < <= > >= == != && ||\` and parentheses, as in JavaScript; \`+\` joins strings.
* A property that comes again overrides the earlier one; two objects are merged, property by property.
* \`include "file",\` inside an object merges the properties of another file, whose name is relative to the including file.
* Lines that begin with \`#\` are directives: \`#define NAME expression\`, \`#undef NAME\`, \`#include "file"\`, \`#if expression\`, \`#ifdef NAME\`,
  \`#ifndef NAME\`, \`#elif expression\`, \`#else\`, \`#endif\`. A defined name stands for its value in every expression; \`defined(NAME)\` asks for it.

All errors are reported as \`FILE:LINE:COLUMN: PROPERTY: what was expected, what was found\`. A property nobody knows is only warned about.
File names in properties are relative to the folder of the main configuration file.
Properties marked ✎ can be changed with \`config_set\` of the remote API while the server runs.
`;

/** The whole page. */
export function configurationPage(): string {
  const parts = [INTRODUCTION];
  for (const { title, table } of SECTIONS) parts.push(section(title, table));
  parts.push(section('Users: the elements of `ue_db`', userTable));
  return `${parts.join('\n')}`;
}

function section(title: string, table: Table): string {
  const inner = Object.entries(table)
    .filter(([name, { type }]) => type.table !== undefined && name !== 'ue_db')
    .map(([name, { type }]) => `Properties of \`${name}\`:\n\n${rows(type.table ?? {})}`);
  return [`## ${title}\n`, rows(table), ...inner].join('\n');
}

function rows(table: Table): string {
  const lines = Object.entries(table).map(
    ([name, property]) =>
      `| \`${name}\`${property.changeable ? ' ✎' : ''} | ${property.type.expected} | ${initial(property)} | ${property.meaning} |`,
  );
  return `| property | type | default | meaning |\n|---|---|---|---|\n${lines.join('\n')}\n`;
}

function initial({ presence, shown = '' }: Property<unknown>): string {
  if (presence === 'required') return '**required**';
  return presence === 'preset' ? `\`${shown}\`` : shown;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  process.stdout.write(configurationPage());
}
