/**
 * The launcher in a tree of its own: what it installs, builds and says, with an npm and a compiler that write down how
 * they were called. The last tests use the real compiler.
 */

import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { commandOrSkip, findCommand } from '../support/require-package.ts';

const ROOT = join(import.meta.dirname, '../../..');
const HOUSE = ['lteims', 'scripts/prepare.sh', 'scripts/tsconfig.server.json', 'tsconfig.json', 'package.json'];
const SHELL_TOOLS = 'cat cksum cp dirname find flock id mkdir readlink rm sh sort'.split(' ');

/** Prints what it was given, and ends with 7. */
const MAIN =
  'console.log(JSON.stringify([process.argv.slice(2), process.cwd(), process.pid])); process.exitCode = 7;\n';

const LOCK_FILE = JSON.stringify({
  packages: { '': {}, 'node_modules/run': { version: '1.0.0' }, 'node_modules/tool': { version: '2.0.0', dev: true } },
});

const NPM = `#!/bin/sh
echo "$*" >>npm.log
[ ! -e npm-fails ] || { echo 'npm: no network' >&2; exit 3; }
rm -rf node_modules
mkdir -p node_modules/.bin
cp package-lock.json node_modules/.package-lock.json
cp tsc node_modules/.bin/tsc
`;

/** Compiles by copying: the sources here are plain JavaScript. */
const TSC = `#!/bin/sh
echo "$*" >>tsc.log
[ ! -e tsc-waits ] || cat tsc-waits >/dev/null
mkdir -p dist/src
for file in src/*.ts; do name=\${file##*/}; cp "$file" "dist/src/\${name%.ts}.js"; done
[ ! -e tsc-fails ] || { echo 'src/main.ts(1,1): error' >&2; exit 2; }
`;

interface Started {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

class Tree {
  readonly root: string;
  readonly bin: string;

  constructor(t: TestContext) {
    const folder = mkdtempSync(join(tmpdir(), 'lteims-house-'));
    t.after(() => rmSync(folder, { recursive: true }));
    chmodSync(folder, 0o755);
    this.root = join(folder, 'a lab');
    this.bin = join(folder, 'bin');
    for (const path of HOUSE) cpSync(join(ROOT, path), join(this.root, path), { recursive: true });
    this.write('package-lock.json', LOCK_FILE);
    this.write('src/main.ts', MAIN);
    this.write('src/other.ts', 'export {};\n');
    this.write('tsc', TSC, 0o755);
    this.write('../bin/npm', NPM, 0o755);
    for (const tool of SHELL_TOOLS) {
      const path = findCommand(tool);
      if (path !== undefined) symlinkSync(path, join(this.bin, tool));
    }
    symlinkSync(process.execPath, join(this.bin, 'node'));
  }

  write(path: string, text: string, mode = 0o644): void {
    mkdirSync(dirname(join(this.root, path)), { recursive: true });
    writeFileSync(join(this.root, path), text, { mode });
  }

  remove(path: string): void {
    rmSync(join(this.root, path), { recursive: true });
  }

  exists(path: string): boolean {
    return existsSync(join(this.root, path));
  }

  /** How often npm or tsc was called, by its arguments. */
  calls(tool: 'npm' | 'tsc'): readonly string[] {
    const log = join(this.root, `${tool}.log`);
    return existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : [];
  }

  start(args: readonly string[] = [], { command = join(this.root, 'lteims'), cwd = '/', uid = -1 } = {}): Started {
    const env = { PATH: this.bin, HOME: this.root };
    const who = uid < 0 ? {} : { uid, gid: uid };
    const { status, stdout, stderr } = spawnSync(command, args, { cwd, env, encoding: 'utf8', ...who });
    return { status, out: stdout, err: stderr };
  }

  /** A start that the test does not wait for; what is left of it ends with the test. */
  startBeside(t: TestContext): ChildProcess {
    const child = spawn(join(this.root, 'lteims'), {
      env: { PATH: this.bin },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    t.after(() => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      } catch {
        // Nothing is left.
      }
    });
    return child;
  }

  prepareAll(): Started {
    return this.start(['scripts/prepare.sh', 'all'], { command: 'sh', cwd: this.root });
  }
}

/** Resolves when the process has said `text` on stderr; fails if it ends without. */
function said(child: ChildProcess, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let all = '';
    child.stderr?.setEncoding('utf8').on('data', (part: string) => {
      all += part;
      if (all.includes(text)) resolve();
    });
    child.on('close', () => reject(new Error(`it ended without saying '${text}': ${all}`)));
  });
}

function ended(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => child.on('exit', resolve));
}

describe('the launcher', () => {
  it('installs and builds on the first start, says so, and then runs', (t) => {
    const tree = new Tree(t);
    const { status, err } = tree.start();
    assert.equal(status, 7);
    assert.equal(tree.calls('npm').length, 1);
    assert.match(tree.calls('npm')[0] ?? '', /^ci --omit=dev /);
    assert.deepEqual(tree.calls('tsc'), ['-p scripts/tsconfig.server.json']);
    assert.match(err, /installing packages.*\n(.*\n)*.*building/);
  });

  it('does neither on the next start, and says nothing', (t) => {
    const tree = new Tree(t);
    tree.start();
    const { status, err } = tree.start();
    assert.deepEqual({ status, err }, { status: 7, err: '' });
    assert.equal(tree.calls('npm').length, 1);
    assert.equal(tree.calls('tsc').length, 1);
  });

  it('hands on the arguments as they are, the working directory and the exit code', (t) => {
    const tree = new Tree(t);
    tree.start();
    const args = ['config/my ims.cfg', '', '--level=*', '"$HOME"', '-x'];
    const { status, out } = tree.start(args, { cwd: tmpdir() });
    assert.equal(status, 7);
    assert.deepEqual(JSON.parse(out).slice(0, 2), [args, tmpdir()]);
  });

  it('is found through symbolic links', (t) => {
    const tree = new Tree(t);
    symlinkSync('../a lab/lteims', join(tree.bin, 'first'));
    symlinkSync('first', join(tree.bin, 'second'));
    assert.equal(tree.start(['x'], { command: join(tree.bin, 'second') }).status, 7);
    assert.equal(tree.start(['second'], { command: 'sh', cwd: tree.bin }).status, 7);
    assert.equal(tree.calls('tsc').length, 1);
  });

  it('becomes the server, so that signals reach it', { timeout: 20_000 }, async (t) => {
    const tree = new Tree(t);
    tree.write(
      'src/main.ts',
      "process.on('SIGTERM', () => process.exit(42)); console.error('up'); setInterval(() => {}, 9e5);",
    );
    const child = tree.startBeside(t);
    const end = ended(child);
    await said(child, 'up\n');
    child.kill('SIGTERM');
    assert.equal(await end, 42);
  });

  for (const [name, change] of Object.entries<(tree: Tree) => void>({
    'a source changed': (tree) => tree.write('src/other.ts', 'export const a = 1;\n'),
    'a source changed but not its time': (tree) => {
      tree.write('src/other.ts', 'export const a = 1;\n');
      utimesSync(join(tree.root, 'src/other.ts'), 0, 0);
    },
    'a source was added': (tree) => tree.write('src/new.ts', 'export {};\n'),
    'a source was deleted': (tree) => tree.remove('src/other.ts'),
    'the compiler options changed': (tree) => tree.write('tsconfig.json', '{ }\n'),
    'the output was deleted': (tree) => tree.remove('dist'),
  })) {
    it(`builds again when ${name}`, (t) => {
      const tree = new Tree(t);
      tree.start();
      change(tree);
      assert.equal(tree.start().status, 7);
      assert.equal(tree.calls('tsc').length, 2);
      assert.equal(tree.exists('dist/src/other.js'), tree.exists('src/other.ts'));
      tree.start();
      assert.equal(tree.calls('tsc').length, 2);
    });
  }

  it('does not build again for a new time alone', (t) => {
    const tree = new Tree(t);
    tree.start();
    utimesSync(join(tree.root, 'src/main.ts'), 4e9, 4e9);
    tree.start();
    assert.equal(tree.calls('tsc').length, 1);
  });

  it('shows what the compiler said, does not start, and builds again the next time', (t) => {
    const tree = new Tree(t);
    tree.write('tsc-fails', '');
    const { status, out, err } = tree.start();
    assert.equal(status, 1);
    assert.equal(out, '');
    assert.match(err, /src\/main\.ts\(1,1\): error\n.*did not compile/);
    tree.remove('tsc-fails');
    assert.equal(tree.start().status, 7);
    assert.equal(tree.calls('tsc').length, 2);
  });

  it('shows what npm said and what to check, and installs again the next time', (t) => {
    const tree = new Tree(t);
    tree.write('npm-fails', '');
    const { status, err } = tree.start();
    assert.equal(status, 1);
    assert.match(err, /no network\n.*could not install(.*\n)*.*[Cc]heck/);
    tree.remove('npm-fails');
    assert.equal(tree.start().status, 7);
  });

  it('installs again when the lock file changed', (t) => {
    const tree = new Tree(t);
    tree.start();
    tree.write('package-lock.json', LOCK_FILE.replace('1.0.0', '1.0.1'));
    assert.equal(tree.start().status, 7);
    assert.equal(tree.calls('npm').length, 2);
  });

  it('believes packages that were installed with npm itself', (t) => {
    const tree = new Tree(t);
    tree.start();
    tree.remove('node_modules/.lteims-installed');
    assert.equal(tree.start().status, 7);
    assert.equal(tree.calls('npm').length, 1);
  });

  it('does not believe ones that are not of the lock file', (t) => {
    const tree = new Tree(t);
    tree.start();
    tree.remove('node_modules/.lteims-installed');
    tree.write('node_modules/.package-lock.json', LOCK_FILE.replace('1.0.0', '0.9.0'));
    assert.equal(tree.start().status, 7);
    assert.equal(tree.calls('npm').length, 2);
  });

  for (const version of ['v9.11.2', 'v18.20.4', 'v20.18.3']) {
    it(`names a Node.js that is too old: ${version}`, (t) => {
      const tree = new Tree(t);
      rmSync(join(tree.bin, 'node'));
      tree.write('../bin/node', `#!/bin/sh\necho ${version}\n`, 0o755);
      const { status, err } = tree.start();
      assert.equal(status, 1);
      assert.match(err, new RegExp(`20\\.19 or newer.*${version.replaceAll('.', '\\.')}`));
      assert.match(err, /https:\/\/nodejs\.org/);
      assert.equal(tree.calls('npm').length, 0);
    });
  }

  for (const version of ['v20.19.0', 'v22.1.0', 'v100.0.0']) {
    it(`takes ${version}`, (t) => {
      const tree = new Tree(t);
      rmSync(join(tree.bin, 'node'));
      const script = `#!/bin/sh\n[ "$1" != --version ] || { echo ${version}; exit; }\nexec '${process.execPath}' "$@"\n`;
      tree.write('../bin/node', script, 0o755);
      assert.equal(tree.start().status, 7);
    });
  }

  it('says so when there is no Node.js', (t) => {
    const tree = new Tree(t);
    rmSync(join(tree.bin, 'node'));
    const { status, err } = tree.start();
    assert.equal(status, 1);
    assert.match(err, /Node\.js 20\.19 or newer is needed, and no node/);
  });

  it('says so when npm is needed and missing, and does not miss it otherwise', (t) => {
    const tree = new Tree(t);
    rmSync(join(tree.bin, 'npm'));
    const { status, err } = tree.start();
    assert.equal(status, 1);
    assert.match(err, /npm is needed.*\n.*apt-get install npm/);
    tree.write('../bin/npm', NPM, 0o755);
    tree.start();
    rmSync(join(tree.bin, 'npm'));
    tree.write('src/other.ts', 'export const a = 1;\n');
    assert.equal(tree.start().status, 7);
  });

  it('lets a second start wait for the first one to build', { timeout: 20_000 }, async (t) => {
    const flock = commandOrSkip(t, 'flock', 'util-linux');
    if (flock === undefined) return;
    const tree = new Tree(t);
    rmSync(join(tree.bin, 'flock'));
    tree.write('../bin/flock', `#!/bin/sh\n[ "$1" = -n ] || echo blocked >&2\nexec '${flock}' "$@"\n`, 0o755);
    tree.start();
    tree.write('src/other.ts', 'export const a = 1;\n');
    spawnSync('mkfifo', [join(tree.root, 'tsc-waits')]);
    const first = tree.startBeside(t);
    const ends = [ended(first)];
    await said(first, 'building');
    const second = tree.startBeside(t);
    ends.push(ended(second));
    await said(second, 'waiting for it\nblocked');
    writeFileSync(join(tree.root, 'tsc-waits'), '');
    assert.deepEqual(await Promise.all(ends), [7, 7]);
    assert.equal(tree.calls('tsc').length, 2);
  });

  it('starts what is complete where nothing may be written, and says what is wrong otherwise', (t) => {
    if (process.getuid?.() !== 0) return t.skip('skipped: needs root, to start as somebody who may not write');
    const tree = new Tree(t);
    const nobody = { uid: 65534 };
    const { status, err } = tree.start([], nobody);
    assert.equal(status, 1);
    assert.match(err, /may not write there/);
    tree.start();
    tree.remove('node_modules/.lteims-installed');
    const before = readdirSync(tree.root, { recursive: true });
    assert.deepEqual({ ...tree.start([], nobody), out: '' }, { status: 7, out: '', err: '' });
    assert.deepEqual(readdirSync(tree.root, { recursive: true }), before);
  });
});

describe('the build for the tests', () => {
  it('installs development packages and compiles all, also when nothing changed', (t) => {
    const tree = new Tree(t);
    assert.equal(tree.prepareAll().status, 0);
    assert.equal(tree.prepareAll().status, 0);
    assert.deepEqual(
      tree.calls('npm').map((call) => call.split(' ', 2).join(' ')),
      ['ci --include=dev'],
    );
    assert.deepEqual(tree.calls('tsc'), ['-p tsconfig.json', '-p tsconfig.json']);
  });

  it('serves the launcher too, which keeps the development packages', (t) => {
    const tree = new Tree(t);
    tree.prepareAll();
    assert.equal(tree.start().status, 7);
    assert.equal(tree.calls('tsc').length, 1);
    tree.write('package-lock.json', LOCK_FILE.replace('1.0.0', '1.0.1'));
    tree.start();
    assert.match(tree.calls('npm')[1] ?? '', /^ci --include=dev /);
  });

  it('adds the development packages to what the launcher installed', (t) => {
    const tree = new Tree(t);
    tree.start();
    const runOnly = JSON.parse(LOCK_FILE);
    delete runOnly.packages['node_modules/tool'];
    tree.write('node_modules/.package-lock.json', JSON.stringify(runOnly));
    tree.prepareAll();
    assert.equal(tree.calls('npm').length, 2);
  });
});

describe('the launcher with the real compiler', () => {
  function realTree(t: TestContext): Tree {
    const tree = new Tree(t);
    cpSync(join(ROOT, 'package-lock.json'), join(tree.root, 'package-lock.json'));
    mkdirSync(join(tree.root, 'node_modules'));
    for (const name of readdirSync(join(ROOT, 'node_modules'))) {
      if (name === '.lteims-installed') continue;
      symlinkSync(join(ROOT, 'node_modules', name), join(tree.root, 'node_modules', name));
    }
    symlinkSync(findCommand('env') ?? '', join(tree.bin, 'env'));
    tree.write('src/core/sum.ts', 'export const sum = (a: number, b: number): number => a + b;\n');
    tree.write('test/broken.test.ts', 'const a: number = "text";\n');
    return tree;
  }

  it('compiles src alone', (t) => {
    const tree = realTree(t);
    tree.write('src/main.ts', "import { sum } from './core/sum.ts';\nconsole.log(sum(3, 4));\n");
    const { status, out, err } = tree.start();
    assert.deepEqual({ status, out }, { status: 0, out: '7\n' }, err);
    assert.equal(tree.exists('dist/test'), false);
  });

  it('shows where in the sources a bug is', (t) => {
    const tree = realTree(t);
    tree.write('src/main.ts', '// one\n// two\nthrow new Error("bug");\n');
    assert.match(tree.start().err, /src\/main\.ts:3/);
  });

  it('names the line that does not compile', (t) => {
    const tree = realTree(t);
    tree.write('src/main.ts', '// one\nexport const a: number = "text";\n');
    const { status, err } = tree.start();
    assert.equal(status, 1);
    assert.match(err, /src\/main\.ts.2,14/);
  });
});
