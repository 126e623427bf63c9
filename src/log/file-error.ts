/** What is wrong with a log file, in words. */
const CAUSES: { readonly [code: string]: string } = {
  EACCES: 'permission denied',
  EISDIR: 'it is a directory',
  ENOENT: 'no such directory',
  ENOSPC: 'the disk is full',
  ENOTDIR: 'its directory is a file',
  ENXIO: 'nobody reads the pipe',
  EPERM: 'not permitted',
  EPIPE: 'nobody reads the pipe any more',
  EROFS: 'the file system is read-only',
};

export function inWords(error: unknown): string {
  const code = codeOf(error);
  return CAUSES[code] ?? (error instanceof Error ? error.message : String(error));
}

export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
