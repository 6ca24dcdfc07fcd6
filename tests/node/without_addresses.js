// Takes out of package-lock.json what npm does not need to install: where packages ask for money.
const { readFileSync, writeFileSync } = require("fs");

const lock = JSON.parse(readFileSync("package-lock.json", "utf8"));
for (const entry of Object.values(lock.packages)) {
  delete entry.funding;
}
writeFileSync("package-lock.json", `${JSON.stringify(lock, null, 2)}\n`);
