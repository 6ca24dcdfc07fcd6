// Reads the documents that it is given, and prints what the official parser says of each, in JSON.
const { readFileSync } = require("fs");
const { Parser } = require("@asyncapi/parser");

const parse = async (path) => {
  const { document, diagnostics } = await new Parser().parse(readFileSync(path, "utf8"));
  return { valid: document !== undefined, said: diagnostics.map(({ message }) => message) };
};

Promise.all(process.argv.slice(2).map(parse)).then((all) => console.log(JSON.stringify(all)));
