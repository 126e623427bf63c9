import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { TestContext } from 'node:test';

/**
 * The path of `command`; without it the test is skipped, naming the Debian package that brings it, and undefined is
 * returned: `const sipp = commandOrSkip(t, 'sipp', 'sip-tester'); if (sipp === undefined) return;`
 */
export function commandOrSkip(t: TestContext, command: string, debianPackage: string): string | undefined {
  const path = findCommand(command);
  if (path === undefined) t.skip(`skipped: needs Debian package ${debianPackage}`);
  return path;
}

/** Where the shell would find `command`, system administration's folders included. */
export function findCommand(command: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  return folders
    .map((folder) => join(folder, command))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}
