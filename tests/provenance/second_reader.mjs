// Reads Content Credentials with a library that shares no code with the one that signs: TrustNXT's, in TypeScript.
// node second_reader.mjs DIRECTORY-OF-ITS-PACKAGE FILE... prints a line of JSON a file.
import * as fs from "node:fs/promises";
import path from "node:path";
import { pathToFileURL } from "node:url";

const [place, ...files] = process.argv.slice(2);
const part = (name) => import(pathToFileURL(path.join(place, "dist", name, "index.js")).href);
const { BMFF, JPEG, PNG } = await part("asset");
const { SuperBox } = await part("jumbf");
const { ManifestStore } = await part("manifest");

for (const file of files) {
    const data = await fs.readFile(file);
    const Kind = [JPEG, PNG, BMFF].find((kind) => kind.canRead(data));
    let said;
    try {
        const jumbf = new Kind(data).getManifestJUMBF();
        if (jumbf === undefined) {
            said = { credentials: false };
        } else {
            const store = ManifestStore.read(SuperBox.fromBuffer(jumbf));
            const result = await store.validate(new Kind(data));
            said = {
                credentials: true,
                valid: result.isValid,
                codes: result.statusEntries.filter((entry) => !entry.success).map((entry) => entry.code),
            };
        }
    } catch (error) {
        said = { credentials: true, valid: false, codes: [String(error)] };
    }
    console.log(JSON.stringify(said));
}
