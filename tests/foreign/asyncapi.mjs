// AsyncAPI's own parser and a validator of JSON Schema: prints the faults of the document at the path given, and its examples
// that their schemas refuse.
import { Parser } from "@asyncapi/parser";
import Ajv from "ajv";
import addFormats from "ajv-formats";
import { readFileSync } from "node:fs";

const ajv = addFormats(new Ajv({ strictTypes: false })).addVocabulary(["x-parser-schema-id"]);

function faultsOf(message) {
  const schemas = { headers: message.headers(), payload: message.payload() };
  return message.examples().all().flatMap((example) =>
    Object.entries(schemas).flatMap(([part, schema]) =>
      ajv.validate(schema.json(), example[part]()) ? [] : `${message.name()}: ${ajv.errorsText(ajv.errors, { dataVar: part })}`,
    ),
  );
}

const { document, diagnostics } = await new Parser().parse(readFileSync(process.argv[2], "utf8"));
const messages = document?.allMessages().all() ?? [];
const examples = messages.map((message) => [message.name(), message.examples().length]);
const faults = [...diagnostics.map(({ code, message }) => `${code}: ${message}`), ...messages.flatMap(faultsOf)];
console.log(JSON.stringify({ faults, examples: Object.fromEntries(examples) }));
