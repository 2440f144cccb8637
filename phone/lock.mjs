// Takes the makers' addresses out of package-lock.json, which npm writes and nothing reads.
import { readFileSync, writeFileSync } from "node:fs";

const lock = JSON.parse(readFileSync("package-lock.json", "utf8"));
for (const made of Object.values(lock.packages)) for (const key of ["funding", "resolved"]) delete made[key];
writeFileSync("package-lock.json", JSON.stringify(lock, null, 2) + "\n");
