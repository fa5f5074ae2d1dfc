// Our modules are TypeScript for browsers: bundled one by one for the tests of what needs no page.
import {build} from 'esbuild';
import {fileURLToPath} from 'node:url';

globalThis.localStorage ??= {getItem: () => null, setItem: () => undefined, removeItem: () => undefined};

export async function load(path) {
	const {outputFiles} = await build({
		entryPoints: [fileURLToPath(new URL(`../../src/${path}`, import.meta.url))],
		bundle: true, write: false, format: 'esm', platform: 'node', logLevel: 'error',
		tsconfigRaw: {compilerOptions: {experimentalDecorators: true, useDefineForClassFields: false}},
	});
	return import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].text).toString('base64')}`);
}
