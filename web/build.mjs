// Makes what the daemon serves: bundles with the hash of their content in the name, each beside its .gz.
//
//   node build.mjs [--out FOLDER]      FOLDER is dist/ where not said
//
// index.html is the only file without a hash; it names the others, so they may be cached for ever.
import {build} from 'esbuild';
import {createHash} from 'node:crypto';
import {mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {gzipSync} from 'node:zlib';

const here = dirname(fileURLToPath(import.meta.url));
const outFlag = process.argv.indexOf('--out');
const out = outFlag > 0 ? process.argv[outFlag + 1] : join(here, 'dist');

rmSync(out, {recursive: true, force: true});
mkdirSync(join(out, 'assets'), {recursive: true});

const {metafile} = await build({
	absWorkingDir: here,
	entryPoints: {main: 'src/main.ts', style: 'src/styles/all.css'},
	outdir: join(out, 'assets'),
	entryNames: '[name]-[hash]',
	chunkNames: '[name]-[hash]',
	bundle: true,
	splitting: true,
	format: 'esm',
	target: 'es2022',
	minify: true,
	charset: 'utf8',
	legalComments: 'none',
	metafile: true,
	logLevel: 'warning',
});

const outputs = Object.entries(metafile.outputs).map(([path, output]) => ({name: path.split('/').pop(), ...output}));
const outputOf = entry => outputs.find(output => output.entryPoint === entry);
const main = outputOf('src/main.ts');
const style = outputOf('src/styles/all.css');

const icon = readFileSync(join(here, 'icons/else.svg'));
const iconName = `else-${createHash('sha256').update(icon).digest('hex').slice(0, 8).toUpperCase()}.svg`;
writeFileSync(join(out, 'assets', iconName), icon);

/** The chunks that come with one at once. */
function withImports(path, found = new Set()) {
	if (found.has(path)) return found;
	found.add(path);
	for (const {path: other, kind} of metafile.outputs[path].imports) if (kind === 'import-statement') withImports(other, found);
	return found;
}

// What every page needs is fetched beside main, not after it.
const pathOf = entry => Object.keys(metafile.outputs).find(path => metafile.outputs[path].entryPoint === entry);
const preloads = [...new Set(['src/main.ts', 'src/app.ts'].flatMap(entry => [...withImports(pathOf(entry))]))].map(path => path.split('/').pop());
const html = readFileSync(join(here, 'index.html'), 'utf8')
	.replace('%STYLE%', `/assets/${style.name}`)
	.replace('%MAIN%', `/assets/${main.name}`)
	.replace('%ICON%', `/assets/${iconName}`)
	.replace('%PRELOADS%', preloads.map(name => `<link rel="modulepreload" href="/assets/${name}">`).join('\n'))
	.replace('%SPRITE%', readFileSync(join(here, 'icons/sprite.svg'), 'utf8').trim());
writeFileSync(join(out, 'index.html'), html);

for (const file of ['index.html', ...readdirSync(join(out, 'assets')).map(name => `assets/${name}`)])
	writeFileSync(join(out, `${file}.gz`), gzipSync(readFileSync(join(out, file)), {level: 9}));
